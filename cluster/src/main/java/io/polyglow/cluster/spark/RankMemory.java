package io.polyglow.cluster.spark;

import io.polyglow.cluster.pipeline.PipelineSchedules;
import io.polyglow.cluster.rank.LinkPlan;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.config.TrainConfig.DTypeChoice;
import io.polyglow.trainer.config.TrainConfig.EngineChoice;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.parallel.Schedule;
import io.polyglow.trainer.plan.RunPlan;
import io.polyglow.trainer.tensor.DType;
import java.util.List;
import java.util.Locale;

/** What the process of a rank holds: tensors, messages, the copy that a checkpoint is written from, and, told here, Java's heap, Java itself and Aeron's buffers. */
public final class RankMemory {
    /** The purpose of the only part that is a bound, of which a rank may use less. */
    public static final String HEAP = "heap";

    /** Classes, compiled code, stacks, the collector's tables and native libraries of a process with Spark, Aeron and an engine, as measured. */
    private static final long JAVA_BYTES = 256L << 20;

    private RankMemory() {}

    /**
     * Bytes beside the tensors of a rank: {@code threads} is working memory of the engine's threads, as many as on this machine unless the config says; {@code heap} is {@code spark.executor.memory} where nobody sets another, {@code aeron} the shared memory of the rank with most links, when
     * all ranks are on one host or each on its own.
     */
    public static MemoryPlan ofProcess(TrainConfig config, boolean oneHost) {
        LinkPlan links = LinkPlan.of(config, 0, 0);
        return new MemoryPlan()
                .add("java", JAVA_BYTES)
                .add("threads", scratchBytes(config, threads(config, oneHost)))
                .add("links", links.stagedBytes(oneHost))
                .add("aeron", links.sharedMemoryBytes(oneHost))
                .add(HEAP, (long) SparkSettings.DEFAULT_RANK_MEMORY_MB << 20);
    }

    /** Threads of a rank's engine: those of the config, else a share of this machine's cores, which all ranks use or one alone. */
    public static int threads(TrainConfig config, boolean oneHost) {
        int ranksHere = oneHost ? config.layout().grid().worldSize() : 1;
        int share = Math.max(1, Runtime.getRuntime().availableProcessors() / ranksHere);
        return config.threadsPerRank() == 0 ? share : config.threadsPerRank();
    }

    /** Of the neediest engine that the config may mean. */
    private static long scratchBytes(TrainConfig config, int threads) {
        ModelConfig model = config.model();
        AttentionShape shape = model.attentionShape(config.batch().micro(), model.context());
        int up = model.activation() == ModelConfig.Activation.SWIGLU ? 2 * model.hidden() : model.hidden();
        int columns = Math.max(up, shape.qkvChannels());
        return Engines.candidates(config.engine().name().toLowerCase(Locale.ROOT)).stream()
                .mapToLong(engine -> engine.scratchBytes(shape, columns, threads))
                .max()
                .orElse(0);
    }

    /**
     * Bytes of host memory beside the heap of the neediest rank, in whichever type {@code dtype} may mean; {@code config} has the size of the vocabulary filled in. The tensors
     * of {@code engine: cuda} are on its GPU.
     */
    static long besideHeap(TrainConfig config) {
        Schedule schedule = PipelineSchedules.named(config.layout().schedule());
        List<DType> types = config.dtype() == DTypeChoice.AUTO
                ? List.of(DType.F32, DType.BF16)
                : List.of(DType.valueOf(config.dtype().name()));
        long tensors = types.stream()
                .map(type -> RunPlan.of(config, type, schedule))
                .mapToLong(plan -> config.engine() == EngineChoice.CUDA ? plan.mostHostBytes() : plan.mostBytes())
                .max()
                .orElseThrow();
        return tensors + Math.max(besideHeap(config, true), besideHeap(config, false));
    }

    private static long besideHeap(TrainConfig config, boolean oneHost) {
        MemoryPlan process = ofProcess(config, oneHost);
        return process.total() - process.bytes(HEAP);
    }
}
