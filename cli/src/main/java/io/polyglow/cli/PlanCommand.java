package io.polyglow.cli;

import io.polyglow.cluster.pipeline.PipelineSchedules;
import io.polyglow.cluster.spark.RankMemory;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.config.TrainConfig.DTypeChoice;
import io.polyglow.trainer.config.TrainConfig.EngineChoice;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.plan.RunPlan;
import io.polyglow.trainer.plan.StepTimes;
import io.polyglow.trainer.tensor.DType;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code polyglow plan}: what a run will need, before anything is asked of a cluster. */
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Tells what a training run will need, before anything is asked of a cluster: parameters, memory of a rank by kind,"
                    + " operations and bytes on the wire per step, idle share of the pipeline, checkpoints.",
            "",
            "Some seconds of this machine's engine give the time of a step. Memory that a rank cannot have is refused, with the smallest layout"
                    + " that fits."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow plan configs/train/nano.yaml --set data=data/udhr --set run=runs/nano",
            "  polyglow plan my.yaml --vocab-size 32000 --set layout.data=4 --set layout.pipeline=2 --memory 8g"
        })
final class PlanCommand implements Callable<Integer> {
    private static final long BUDGET_NS = TimeUnit.SECONDS.toNanos(10);
    private static final double MOST_OF_MEMORY = 0.75;

    /** Stands for a corpus and a run that are not there yet. */
    private static final String NOWHERE = "(nowhere)";

    private final Console console;

    @Mixin
    private ConfigSource config;

    @Option(
            names = "--vocab-size",
            paramLabel = "N",
            description =
                    "Size of the vocabulary, while there is no corpus yet. Default: the corpus's, else model.vocab-size.")
    private @Nullable Integer vocabSize;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description =
                    "What a rank may use, e.g. 16g or 900m; with engine: cuda, of its GPU, and with a dtype no GPU need be here. Default: this machine's memory, shared by all ranks of the layout, or its GPU's.")
    private @Nullable String memory;

    @Option(names = "--no-timing", description = "Does not measure this machine; tells no times.")
    private boolean untimed;

    @Option(names = "--json", description = "Prints one JSON object: the same figures, in bytes and seconds.")
    private boolean json;

    PlanCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        List<String> places = config.draft(TrainConfig.class).missing().stream()
                .map(key -> key + "=" + NOWHERE)
                .toList();
        TrainConfig written = config.load(TrainConfig.class, places).value();
        TrainConfig full = withVocabulary(written);
        Schedule schedule = PipelineSchedules.named(full.layout().schedule());
        try (Engine engine = openEngine(full)) {
            DType dtype = engine == null ? DType.valueOf(full.dtype().name()) : full.computeType(engine);
            RunPlan plan = RunPlan.of(full, dtype, schedule);
            RankRoom room = room(full, engine);
            PlanReport report = new PlanReport(plan, engine == null ? name(full) : engine.describe(), room);
            if (!room.fits(plan)) {
                throw tooLarge(plan, schedule, room, report);
            }
            StepTimes times = untimed || engine == null || !canTime(plan, room)
                    ? null
                    : StepTimes.measure(engine, SystemNanoClock.INSTANCE, plan, BUDGET_NS);
            if (json) {
                console.line(Json.line(report.json(times)));
            } else {
                report.print(console, times);
            }
            return 0;
        }
    }

    private RankRoom room(TrainConfig config, @Nullable Engine engine) {
        Long given = memory == null ? null : HostMemory.parse(memory);
        if (engine != null) {
            return new RankRoom(engine.deviceBytes(), engine.devices(), given);
        }
        return given != null && config.engine() == EngineChoice.CUDA
                ? new RankRoom(given, 1, given)
                : RankRoom.ofHost(given);
    }

    /** A layer of a model for larger machines may be too much for this one. */
    private boolean canTime(RunPlan plan, RankRoom room) {
        long here = room.onDevice() ? room.deviceBytes() : HostMemory.physicalBytes();
        boolean can = StepTimes.bytes(plan) <= here * MOST_OF_MEMORY;
        if (!can) {
            console.note("no times: a model of two layers takes " + PlanReport.bytes(StepTimes.bytes(plan))
                    + " to measure, and this machine has " + PlanReport.bytes(here));
        }
        return can;
    }

    /** Null where the config's engine cannot run here, but nothing is left to ask it than times: a run on GPUs may be planned without one. */
    private @Nullable Engine openEngine(TrainConfig config) {
        boolean told = memory != null && config.engine() != EngineChoice.AUTO && config.dtype() != DTypeChoice.AUTO;
        if (told
                && Engines.candidates(name(config)).stream()
                        .anyMatch(each -> each.unavailable().isPresent())) {
            console.note("no times: engine " + name(config) + " cannot run on this machine");
            return null;
        }
        return Engines.named(name(config)).open(RankMemory.threads(config, memory == null));
    }

    private static String name(TrainConfig config) {
        return config.engine().name().toLowerCase(Locale.ROOT);
    }

    private TrainConfig withVocabulary(TrainConfig written) throws IOException {
        if (vocabSize != null) {
            if (vocabSize < 1) {
                throw new PolyglowException(ErrorKind.USAGE, "--vocab-size is " + vocabSize + ", expected at least 1.");
            }
            return written.forVocabulary(vocabSize);
        }
        boolean named = !written.data().equals(NOWHERE);
        if (named) {
            try (Locations locations = new Locations();
                    Store store = Stores.open(locations.resolve(written.data()))) {
                if (store.exists(CorpusManifest.FILE)) {
                    return written.forVocabulary(
                            TokenDataset.open(store, "").tokenizer().vocabSize());
                }
            }
        }
        if (written.model().vocabSize() > 0) {
            return written;
        }
        throw new PolyglowException(
                ErrorKind.USAGE,
                "the size of the vocabulary is not known: "
                        + (named ? "there is no corpus at " + written.data() : "no corpus is named")
                        + " and model.vocab-size is not set; add --vocab-size N, or --set data=CORPUS");
    }

    /** The same layout with the least recomputation that makes it fit. */
    private static Optional<RunPlan> recomputing(RunPlan plan, Schedule schedule, RankRoom room) {
        return Arrays.stream(Recompute.values())
                .filter(level -> level.compareTo(plan.config().recompute()) > 0)
                .map(level -> plan.with(plan.config().withRecompute(level), schedule))
                .filter(room::canRun)
                .findFirst();
    }

    private static String name(RunPlan plan) {
        return plan.config().recompute().name().toLowerCase(Locale.ROOT);
    }

    private static String needs(RunPlan plan, RankRoom room) {
        return PlanReport.bytes(room.most(plan).total());
    }

    private static PolyglowException tooLarge(RunPlan plan, Schedule schedule, RankRoom room, PlanReport report) {
        String advice = recomputing(plan, schedule, room)
                .map(other -> "this layout fits with --set recompute=" + name(other) + ", with " + needs(other, room)
                        + " a rank, or ")
                .orElse("");
        advice += Stream.of(plan, plan.with(plan.config().withRecompute(Recompute.FULL), schedule))
                .flatMap(each -> each.smallestLayout(schedule, room::canRun).stream())
                .findFirst()
                .map(other -> "the smallest layout whose ranks fit is --set layout.data="
                        + other.config().layout().data() + " --set layout.pipeline="
                        + other.config().layout().pipeline()
                        + (other.config().recompute() == plan.config().recompute()
                                ? ""
                                : " --set recompute=" + name(other))
                        + ", with " + needs(other, room) + " a rank")
                .orElse("no layout of this model and batch fits; use a smaller batch.micro, context or model"
                        + (room.isOneHost()
                                ? ", or, for a cluster, tell with --memory what a rank may use there"
                                : ""));
        return new PolyglowException(
                ErrorKind.USAGE,
                "a rank of layout " + plan.config().layout().grid() + " needs "
                        + needs(plan, room) + " (" + report.memoryLine()
                        + "), but may use " + PlanReport.bytes(room.limit(plan.config())) + ": " + advice);
    }
}
