package io.polyglow.cluster.spark;

import io.polyglow.cluster.member.FailureLog;
import io.polyglow.cluster.worker.RankTask;
import io.polyglow.cluster.worker.RankWorker;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.checkpoint.Attempt;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.Start;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/**
 * A training job from its driver's side: takes the run for itself, runs attempts on Spark until the last step is committed, and tells a
 * listener how it goes. {@link #start} begins a run, {@link #resume} continues one, on any layout.
 *
 * <p>Everything that must survive is in the run directory; the driver may be killed at any time and the run resumed.
 */
public final class TrainJob {
    private static final String LEASES = "leases";
    private static final long LEASE_STALE_AFTER_NS = TimeUnit.SECONDS.toNanos(15);

    private final Resolved<TrainConfig> config;
    private final SparkTarget target;
    private final JobListener listener;
    private Start start;
    private final NanoClock clock = SystemNanoClock.INSTANCE;

    private TrainJob(Resolved<TrainConfig> config, SparkTarget target, JobListener listener, Start start) {
        this.start = start;
        this.config = config;
        this.target = target;
        this.listener = listener;
    }

    /**
     * Makes the directory of a new run and leaves the rest to {@link #resume}, here or on another machine: config and corpus have been checked, and a run without a
     * checkpoint is resumed from its first step. Returns where the run is.
     */
    public static String lay(Resolved<TrainConfig> config) {
        return guard(config.value().run(), run -> {
            RunDirectory.requireNew(run);
            RunDirectory.requireApart(config.value());
            CorpusCheck.run(config.value());
            Stores.checkWritable(run);
            try (Lease lease =
                    Lease.take(run, LEASES, "The run " + run.root(), SystemNanoClock.INSTANCE, LEASE_STALE_AFTER_NS)) {
                lease.requireHeld();
                RunDirectory.create(run, config);
            }
            return run.root();
        });
    }

    /** Begins a run in a directory without checkpoints, and runs it to its end or to {@code stop-after}. */
    public static TrainResult start(Resolved<TrainConfig> config, SparkTarget target, JobListener listener) {
        return guard(config.value().run(), run -> {
            RunDirectory.requireNew(run);
            RunDirectory.requireApart(config.value());
            TrainConfig full = CorpusCheck.run(config.value());
            return new TrainJob(config, target, listener, Start.NEW).run(run, () -> {
                if (RunDirectory.isRun(run)) {
                    listener.stage("beginning anew: the run in this directory never reached a checkpoint");
                }
                RunDirectory.create(run, config);
                return full;
            });
        });
    }

    /**
     * Continues the run at {@code location} from its newest checkpoint. {@code overrides} are {@code key=value}; keys that decide what is
     * computed cannot change, {@code stop-after} of the earlier command no longer holds.
     */
    public static TrainResult resume(
            String location, List<String> overrides, SparkTarget target, JobListener listener) {
        return guard(location, run -> {
            Resolved<TrainConfig> config = RunDirectory.resumed(run, location, overrides);
            return new TrainJob(config, target, listener, Start.RESTART)
                    .run(run, () -> checkResume(run, config.value()));
        });
    }

    /** Work on a run directory. */
    private interface Work<T> {
        T with(Store run) throws IOException;
    }

    private static <T> T guard(String location, Work<T> work) {
        try (Store run = Stores.open(location)) {
            return work.with(run);
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT, "The run directory " + location + " cannot be used: " + e, e);
        }
    }

    /** What comes before the first attempt, once the run belongs to this driver; finds the config with the size of the vocabulary. */
    private interface Preparation {
        TrainConfig run() throws IOException;
    }

    private TrainResult run(Store run, Preparation preparation) throws IOException {
        int worldSize = config.value().layout().grid().worldSize();
        SparkSettings settings = new SparkSettings("polyglow " + config.value().run(), target, worldSize);
        settings.requireMaster();
        Stores.checkWritable(run);
        try (Lease lease = Lease.take(run, LEASES, "The run " + run.root(), clock, LEASE_STALE_AFTER_NS);
                RunOwner owner = new RunOwner(lease)) {
            CheckpointDirectory checkpoints = new CheckpointDirectory(run);
            long newest = RunMonitor.newest(checkpoints);
            if (start != Start.NEW && newest >= config.value().lastStep()) {
                return done(checkpoints, newest);
            }
            settings.leaveRoomBesideHeap(RankMemory.besideHeap(preparation.run()));
            settings.grantAccess(config.yaml());
            return train(run, owner, checkpoints, settings);
        }
    }

    /** What a resumed run goes on from and learns from, as far as that is cheap to check: better refused here than by every rank. */
    private static TrainConfig checkResume(Store run, TrainConfig config) throws IOException {
        CheckpointDirectory checkpoints = new CheckpointDirectory(run);
        long newest = RunMonitor.newest(checkpoints);
        if (newest > 0) {
            checkpoints.open(newest);
        }
        return CorpusCheck.run(config);
    }

    /** There is no step left to take; success is the last checkpoint, so it must be readable to its last byte. */
    private TrainResult done(CheckpointDirectory checkpoints, long step) {
        listener.stage("the run is done already, at step " + step + "; checking its checkpoint");
        checkpoints.open(step).verify();
        return result(step, 0);
    }

    private TrainResult train(Store run, RunOwner owner, CheckpointDirectory checkpoints, SparkSettings settings)
            throws IOException {
        listener.stage("starting Spark on " + settings.master());
        int worldSize = config.value().layout().grid().worldSize();
        try (BarrierRunner spark = new BarrierRunner(settings, new FailureLog(run), listener, clock);
                RunMonitor monitor = new RunMonitor(run, owner, config.value().steps(), listener, clock)) {
            owner.whenLost(spark::cancel);
            Retry retry = retry(owner);
            RestartLoop.Progress progress =
                    () -> retry.get("looking for checkpoints", () -> RunMonitor.newest(checkpoints));
            RestartLoop loop = new RestartLoop(progress, config.value().restarts(), listener);
            RestartLoop.Outcome<Integer> outcome = loop.run(() -> {
                retry.run("reading the lease of the run", again -> owner.requireHeld());
                monitor.newAttempt();
                Attempt attempt = Attempt.claim(run, retry);
                listener.stage(
                        "attempt " + attempt.number() + " on " + worldSize + (worldSize == 1 ? " rank" : " ranks"));
                RankTask task = new RankTask(config.yaml(), attempt.runId(), attempt.number(), start);
                start = Start.RESTART;
                try {
                    return spark.run(attempt.number(), worldSize, host -> RankWorker.run(task, host))
                            .size();
                } catch (PolyglowException e) {
                    owner.require(); // that is why it failed, then
                    throw e;
                }
            });
            return result(progress.committed(), outcome.restarts());
        }
    }

    /** What ends an attempt may keep HDFS from answering for a while, as a lost host does. So long the next attempt waits, as saves do. */
    private Retry retry(RunOwner owner) {
        long patienceNs = TimeUnit.SECONDS.toNanos(config.value().checkpoint().retrySeconds());
        return new Retry(clock, patienceNs, () -> {
            owner.require();
            return false;
        });
    }

    private TrainResult result(long step, int restarts) {
        return new TrainResult(step, step >= config.value().steps(), restarts, CheckpointDirectory.path(step));
    }
}
