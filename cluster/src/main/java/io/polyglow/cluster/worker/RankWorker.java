package io.polyglow.cluster.worker;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.member.FailureLog;
import io.polyglow.cluster.member.Membership;
import io.polyglow.cluster.member.RankCard;
import io.polyglow.cluster.member.RankCard.Fact;
import io.polyglow.cluster.pipeline.PipelineSchedules;
import io.polyglow.cluster.rank.LinkPlan;
import io.polyglow.cluster.rank.RankTransport;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.trace.PeakMemory;
import io.polyglow.common.trace.RankLog;
import io.polyglow.trainer.checkpoint.Attempt;
import io.polyglow.trainer.checkpoint.Committer;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.MachineShare;
import io.polyglow.trainer.loop.RankContext;
import io.polyglow.trainer.loop.TrainListener;
import io.polyglow.trainer.loop.TrainLoop;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Schedule;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds one rank, runs its loop and closes everything again. A failure is written into the run directory before the other ranks can
 * notice it, so that the driver finds the cause whoever tells it first.
 */
public final class RankWorker {
    private static final Logger LOG = LoggerFactory.getLogger(RankWorker.class);

    private final Resolved<TrainConfig> config;
    private final RankTask task;
    private final RankHost host;
    private final Store run;
    private final RankLog log;

    private RankWorker(Resolved<TrainConfig> config, RankTask task, RankHost host, Store run, RankLog log) {
        this.config = config;
        this.task = task;
        this.host = host;
        this.run = run;
        this.log = log;
    }

    /** Runs the rank that {@code host} places, to the end of the run or of this part of it. */
    public static String run(RankTask task, RankHost host) {
        Resolved<TrainConfig> config =
                ConfigFile.load(TrainConfig.class, "the job's config", task.configYaml(), List.of());
        Attempt attempt = new Attempt(task.epoch(), task.runId());
        try (Store run = Stores.open(config.value().run())) {
            attempt.requireSameDirectory(run);
            try (RankLog log = RankLog.open(
                    run, host.rank(), task.epoch(), () -> attempt.requireNewest(run), SystemEpochClock.INSTANCE)) {
                return new RankWorker(config, task, host, run, log).run();
            }
        } catch (IOException | PolyglowException e) {
            throw Fate.of(e, host);
        }
    }

    private String run() {
        log.event(
                "started",
                new JsonObject()
                        .put("host", host.host())
                        .put("pid", ProcessHandle.current().pid()));
        try (Store data = Stores.open(config.value().data());
                Engine engine = openEngine()) {
            requireHere(data);
            TokenDataset corpus = TokenDataset.open(data, "");
            if (host.worldSize() == 1) {
                train(engine, corpus, RankLinks.single());
            } else {
                trainWithOthers(engine, corpus);
            }
            log.event(
                    "finished",
                    new JsonObject()
                            .put("peak_memory_bytes", PeakMemory.rssBytes())
                            .put("heap_bytes", Runtime.getRuntime().totalMemory()));
            return "rank " + host.rank();
        } catch (Throwable e) { // whatever it is, it must not get lost with this process
            throw report(e, "");
        }
    }

    /** The driver has looked at the corpus before it started the ranks. */
    private static void requireHere(Store data) throws IOException {
        if (!data.exists(CorpusManifest.FILE)) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "the corpus " + data.root()
                            + " is not on this machine, though the driver has read it. A plain path is a folder of"
                            + " each machine: put the corpus on HDFS, or into a folder that all machines mount there");
        }
    }

    private void trainWithOthers(Engine engine, TokenDataset corpus) {
        ParallelLayout layout = config.value().layout().grid();
        try (RankTransport transport =
                RankTransport.open(host.host(), host.rank(), task.epoch(), layout, AeronOptions.defaults())) {
            try {
                Membership members = meet(engine, corpus, transport.localAddress());
                Patience patience = patience(config.value().checkpoint(), host::cancelled);
                try (RankLinks links = transport.connect(members.addresses(), linkPlan(), patience)) {
                    int inMemory = transport.peersInMemory();
                    log.event(
                            "connected",
                            new JsonObject()
                                    .put("peers_in_memory", inMemory)
                                    .put("peers_over_udp", layout.worldSize() - 1 - inMemory));
                    train(engine, corpus, links);
                }
            } catch (Throwable e) { // first the report, then the farewell: peers must not be the first to tell
                PolyglowException fate = report(e, transport.flightRecord());
                transport.abort(fate.getMessage());
                throw fate;
            }
        }
    }

    /** The ranks wait for one another longer than any of them waits for the store: what fails first then says why. */
    static Patience patience(TrainConfig.Checkpoints checkpoints, BooleanSupplier cancelled) {
        return Patience.beyond(Committer.deadline(Duration.ofSeconds(checkpoints.retrySeconds())), cancelled);
    }

    private void train(Engine engine, TokenDataset corpus, RankLinks links) {
        RankContext context = new RankContext(
                config.value(),
                links,
                schedule(),
                engine,
                run,
                corpus,
                new Attempt(task.epoch(), task.runId()),
                task.start(),
                SystemNanoClock.INSTANCE,
                SystemEpochClock.INSTANCE,
                new Diary());
        new TrainLoop(context).run();
    }

    /** An engine with the threads of the config, else as many as cores are set aside, else this rank's share of the machine. */
    private Engine openEngine() {
        int threads = config.value().threadsPerRank();
        int processors = Runtime.getRuntime().availableProcessors();
        int share =
                host.cores() > 1 ? Math.min(host.cores(), processors) : Math.max(1, processors / host.ranksOnHost());
        return Engines.named(config.value().engine().name().toLowerCase(Locale.ROOT))
                .open(new MachineShare(threads == 0 ? share : threads, host.indexOnHost(), host.gpus()));
    }

    private Membership meet(Engine engine, TokenDataset corpus, String address) {
        SortedMap<Fact, String> facts = new TreeMap<>();
        facts.put(Fact.CONFIG, config.sha256());
        facts.put(Fact.CORPUS, corpus.manifest().fingerprint());
        facts.put(Fact.BUILD, BuildId.get());
        facts.put(Fact.ENGINE, engine.name());
        facts.put(Fact.DTYPE, config.value().computeType(engine).name());
        facts.put(Fact.JAVA, System.getProperty("java.vm.version"));
        // how many threads compute does not change a bit and may differ
        facts.put(Fact.INSTRUCTIONS, engine.describe().replaceAll("[0-9]+ threads?", "threads"));
        RankCard card = new RankCard(
                host.rank(),
                host.worldSize(),
                task.epoch(),
                host.host(),
                ProcessHandle.current().pid(),
                address,
                facts);
        return Membership.agree(host.rank(), host.allGather(card.encode()));
    }

    private Schedule schedule() {
        return PipelineSchedules.named(config.value().layout().schedule());
    }

    private LinkPlan linkPlan() {
        long configHash =
                ByteBuffer.wrap(HexFormat.of().parseHex(config.sha256())).getLong();
        return LinkPlan.of(config.value(), task.runId().hashCode(), configHash);
    }

    private PolyglowException report(Throwable error, String flightRecord) {
        PolyglowException fate = Fate.of(error, host);
        try {
            new FailureLog(run)
                    .report(task.epoch(), new FailureLog.Failure(host.rank(), fate.kind(), fate.getMessage()));
            if (fate != error) {
                log.event(
                        "failed",
                        new JsonObject()
                                .put("kind", fate.kind().name())
                                .put("message", fate.getMessage())
                                .put("stack_trace", stackTrace(error))
                                .put("flight_record", flightRecord));
            }
        } catch (IOException | RuntimeException e) { // the store may be the very thing that failed
            fate.addSuppressed(e);
        }
        return fate;
    }

    /** In the rank's own log, because nobody else shows it. */
    private static String stackTrace(Throwable error) {
        StringWriter text = new StringWriter();
        error.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }

    /** Writes the rank's life into {@code logs/rank-N.jsonl}. */
    private final class Diary implements TrainListener {
        @Override
        public void started(RunStart start) {
            log.event(
                    "training",
                    new JsonObject()
                            .put("from_step", start.fromStep())
                            .put("last_step", start.lastStep())
                            .put("parameters", start.parameters())
                            .put("memory", start.memory())
                            .put("engine", start.engine()));
        }

        @Override
        public void noted(String message) {
            if (host.rank() == 0) {
                LOG.warn("{}", message);
            }
            log.event("note", new JsonObject().put("message", message));
        }

        @Override
        public void checkpointed(long step) {
            log.event("checkpoint", new JsonObject().put("step", step));
        }
    }
}
