package io.polyglow.cluster.spark;

import io.polyglow.cluster.member.FailureLog;
import io.polyglow.cluster.spark.yarn.QueueWatch;
import io.polyglow.cluster.worker.RankMain;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.agrona.concurrent.NanoClock;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * A Spark application that runs attempts: one attempt = one barrier job with one task per rank. Waits for enough slots, runs the job, and when it fails waits until no rank of
 * it runs any more and finds out why: what the ranks reported in the run directory first, then what Spark knows.
 */
final class BarrierRunner implements AutoCloseable {
    private static final long QUIET_NS = TimeUnit.SECONDS.toNanos(10);
    private static final ClassTag<String> STRING = ClassTag$.MODULE$.apply(String.class);

    private final JavaSparkContext spark;
    private final TaskWatch watch = new TaskWatch();
    private final FailureLog failures;
    private final JobListener listener;
    private final NanoClock clock;
    private final SparkSettings settings;
    private boolean hasRun;
    private volatile boolean cancelled;

    /** Starts the application, or joins the cluster as one. */
    BarrierRunner(SparkSettings settings, FailureLog failures, JobListener listener, NanoClock clock) {
        this.settings = settings;
        this.failures = failures;
        this.listener = listener;
        this.clock = clock;
        DriverHeap.require();
        spark = QueueWatch.start(settings.conf(), listener::stage, () -> new JavaSparkContext(settings.conf()));
        spark.sc().addSparkListener(watch);
        if (!settings.master().startsWith("local")) {
            listener.stage("Spark application " + spark.sc().applicationId());
        }
    }

    /** Runs all ranks to their end and returns their results in rank order. */
    List<String> run(int epoch, int worldSize, RankMain main) throws IOException {
        awaitSlots(worldSize, hasRun ? settings.slotsTimeoutOfRestartNs() : settings.slotsTimeoutNs());
        hasRun = true;
        watch.reset();
        spark.setJobGroup(group(epoch), "training attempt " + epoch + " on " + worldSize + " ranks", true);
        try {
            return collect(worldSize, main);
        } catch (Exception e) { // the Scala API throws SparkException without declaring it
            throw failure(epoch, e);
        } finally {
            spark.clearJobGroup();
        }
    }

    /** Why the job failed; what fails while that is found out keeps the job's own failure beside it. */
    private PolyglowException failure(int epoch, Exception job) throws IOException {
        try {
            awaitRanksGone();
            return cause(epoch, job);
        } catch (IOException | RuntimeException e) {
            e.addSuppressed(job);
            throw e;
        }
    }

    /** Makes the present attempt fail soon, or before its ranks start; any thread. */
    void cancel() {
        cancelled = true;
        spark.sc().cancelAllJobs();
    }

    private List<String> collect(int worldSize, RankMain main) throws SparkException {
        List<Integer> ranks = IntStream.range(0, worldSize).boxed().toList();
        RDD<Integer> places = spark.parallelize(ranks, worldSize).rdd();
        RDD<String> results = places.barrier().mapPartitions(new RankFunction(main), false, STRING);
        return List.of((String[]) results.collect());
    }

    private void awaitSlots(int worldSize, long timeoutNs) {
        BooleanSupplier over = () -> stopped() || cancelled || slots() >= worldSize;
        long quietNs = Math.min(QUIET_NS, timeoutNs);
        if (!await(over, quietNs)) {
            listener.stage("waiting for executors: " + slots() + " of " + worldSize + " are there; giving up after "
                    + TimeUnit.NANOSECONDS.toSeconds(timeoutNs) + " s");
            await(over, timeoutNs - quietNs);
        }
        if (stopped()) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "Spark ended the application before its ranks could start: no answer from the master "
                            + settings.master() + ", or no executor could start. Check the address and the logs: "
                            + executorLogs() + ".");
        }
        if (cancelled) {
            throw new PolyglowException(ErrorKind.PEER_LOST, "The attempt was cancelled before its ranks started.");
        }
        if (slots() >= worldSize) {
            return;
        }
        throw new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "Training needs " + worldSize + " slots at once, one per rank (layout.data x layout.pipeline), but "
                        + settings.master() + " offered " + slots() + " within "
                        + TimeUnit.NANOSECONDS.toSeconds(timeoutNs) + "s, with "
                        + settings.coresPerRank()
                        + " core(s) and " + settings.rankMemory()
                        + " of memory per rank. Free or add workers or wait for the queue, lower spark.task.cpus or spark.executor.memory, or train"
                        + " with a smaller layout, for example --set layout.data=1; a resumed run may use any layout."
                        + (slots() == 0 ? ExecutorWatch.ifWorkersAreFree(spark.getConf()) : ""));
    }

    /** Old ranks must not hold slots of the next attempt; the task reaper ends the JVMs of those that do not listen. */
    private void awaitRanksGone() {
        if (!await(() -> stopped() || (watch.running() == 0 && schedulerWaits()), settings.ranksGoneTimeoutNs())) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    watch.running() + " ranks of a failed attempt did not end within "
                            + TimeUnit.NANOSECONDS.toSeconds(settings.ranksGoneTimeoutNs())
                            + " s. Stop their executors and resume the run.");
        }
    }

    private boolean await(BooleanSupplier condition, long timeoutNs) {
        try {
            return watch.await(condition, clock, timeoutNs);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(ErrorKind.PEER_LOST, "The driver was interrupted.", e);
        }
    }

    /**
     * The failure that came first in cause, not in time: a rank's own final error over the loss of a peer that it led to, and a lost
     * executor over what its peers say about it.
     */
    private PolyglowException cause(int epoch, Exception job) throws IOException {
        List<FailureLog.Failure> reported = failures.of(epoch);
        List<TaskWatch.Ended> ended = watch.ended();
        List<PolyglowException> candidates = new ArrayList<>();
        for (FailureLog.Failure failure : reported) {
            candidates.add(new PolyglowException(failure.kind(), failure.message(), job));
        }
        ended.stream()
                .filter(task -> !task.executorLost())
                .forEach(task -> candidates.add(new PolyglowException(task.kind(), task.message(), job)));
        Optional<PolyglowException> last = candidates.stream()
                .filter(failure -> !failure.kind().restartable())
                .findFirst();
        if (last.isPresent()) {
            return last.get();
        }
        List<String> lost = ended.stream()
                .filter(TaskWatch.Ended::executorLost)
                .map(TaskWatch.Ended::message)
                .toList();
        if (!lost.isEmpty()) {
            return new PolyglowException(ErrorKind.PEER_LOST, lost(ended.get(0), String.join("; ", lost)), job);
        }
        return candidates.isEmpty() ? unexplained(job) : candidates.get(0);
    }

    /** Ranks miss a host that has fallen silent long before Spark misses its executors, which are not the only ones lost by then: others were ended because they did not listen. */
    private static String lost(TaskWatch.Ended first, String executors) {
        return first.executorLost() ? executors : first.message() + " Then lost: " + executors;
    }

    private PolyglowException unexplained(Exception job) {
        boolean alive = !stopped();
        return new PolyglowException(
                alive ? ErrorKind.PEER_LOST : ErrorKind.ENVIRONMENT,
                (alive ? "The barrier job failed: " : "Spark stopped the application: ") + job.getMessage(),
                job);
    }

    /**
     * Whether Spark's scheduler has handled every event. It fails the job of a barrier stage first and plans a retry of the stage then; stopped in
     * between, it prints a stack trace about an executor service.
     */
    private boolean schedulerWaits() {
        return spark.sc().dagScheduler().eventProcessLoop().eventThread().getState() == Thread.State.WAITING;
    }

    /** Spark's own count, the one it checks before it starts a barrier stage. */
    private int slots() {
        return spark.sc()
                .maxNumConcurrentTasks(spark.sc().resourceProfileManager().defaultResourceProfile());
    }

    private String executorLogs() {
        return settings.master().equals("yarn")
                ? "yarn logs -applicationId " + spark.sc().applicationId()
                        + " (where nodes have another Java than 17, set spark.executorEnv.JAVA_HOME and"
                        + " spark.yarn.appMasterEnv.JAVA_HOME)"
                : "those of the workers";
    }

    private boolean stopped() {
        return spark.sc().isStopped();
    }

    @Override
    public void close() {
        spark.stop();
    }

    private static String group(int epoch) {
        return "polyglow-attempt-" + epoch;
    }
}
