package io.polyglow.trainer.plan;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * How long the parts of a step take on an engine, measured in some seconds: models of one and of two layers in turn, whose difference is a layer.
 *
 * @param layerSeconds forward and backward of a layer, for one micro-batch
 * @param endsSeconds forward and backward of embedding and head, for one micro-batch
 * @param updateSeconds norm and update of one parameter, by the rank that owns it
 */
public record StepTimes(double layerSeconds, double endsSeconds, double updateSeconds) {
    private static final int FEWEST_RUNS = 2;
    private static final int ELEMENTS = 1 << 22;
    private static final int BLOCK = 1 << 14;

    /** Bytes that {@link #measure} allocates. */
    public static long bytes(RunPlan plan) {
        MemoryPlan all = new MemoryPlan();
        for (int layers = 1; layers <= 2; layers++) {
            ModelConfig model = model(plan, layers);
            int B = plan.config().batch().micro();
            all.add(StageModel.plan(
                    model,
                    StagePlan.whole(model),
                    plan.dtype(),
                    B,
                    model.context(),
                    1,
                    plan.config().recompute(),
                    1));
        }
        return all.total() + 5L * ELEMENTS * Float.BYTES;
    }

    /**
     * Measures for about {@code budgetNs}, or until each part has run twice: the fastest run counts, when the JVM has compiled the loops. A micro-batch that would take
     * longer is measured by some of its sequences, at least one.
     */
    public static StepTimes measure(Engine engine, NanoClock clock, RunPlan plan, long budgetNs) {
        int sequences = sequences(engine, clock, plan, budgetNs);
        try (Passes one = new Passes(engine, plan, 1, sequences);
                Passes two = new Passes(engine, plan, 2, sequences);
                Update update = new Update(engine, plan)) {
            double[] passes = fastest(clock, budgetNs / 3 * 2, one::run, two::run);
            double[] elements = fastest(clock, budgetNs / 3, update::run);
            double all = (double) plan.config().batch().micro() / sequences;
            double layer = Math.max(passes[1] - passes[0], 0) * all;
            return new StepTimes(layer, Math.max(passes[0] * all - layer, 0), elements[0] / ELEMENTS);
        }
    }

    /** How many sequences of a micro-batch fit into the budget, at the engine's best speed. */
    private static int sequences(Engine engine, NanoClock clock, RunPlan plan, long budgetNs) {
        double flops = 0;
        for (int layers = 1; layers <= 2; layers++) {
            ModelConfig model = model(plan, layers);
            flops += FEWEST_RUNS * Throughput.flopsPerToken(model) * model.context();
        }
        double seconds = flops / Throughput.peakFlops(engine, plan.dtype(), clock);
        int fitting = (int) Math.min(Integer.MAX_VALUE, budgetNs / 1e9 / seconds);
        return Math.max(1, Math.min(plan.config().batch().micro(), fitting));
    }

    /** Seconds of the fastest of many runs of each work, in turn. */
    private static double[] fastest(NanoClock clock, long budgetNs, Runnable... works) {
        double[] best = new double[works.length];
        long begin = clock.nanoTime();
        for (int run = 0; run < FEWEST_RUNS || clock.nanoTime() - begin < budgetNs; run++) {
            for (int i = 0; i < works.length; i++) {
                long from = clock.nanoTime();
                works[i].run();
                double seconds = (clock.nanoTime() - from) / 1e9;
                best[i] = run == 0 ? seconds : Math.min(best[i], seconds);
            }
        }
        return best;
    }

    private static ModelConfig model(RunPlan plan, int layers) {
        return plan.config().model().withLayers(layers);
    }

    /** Seconds of a step in which nobody waits for the network. */
    public double stepSeconds(RunPlan plan) {
        double slowest = 0;
        double update = 0;
        for (StageNeeds needs : plan.stages()) {
            double stage =
                    needs.stage().layers() * layerSeconds + (needs.stage().head() ? endsSeconds : 0);
            slowest = Math.max(slowest, stage);
            double owned = needs.engine().bytes("optimizer") / (2.0 * Float.BYTES);
            update = Math.max(update, owned * updateSeconds);
        }
        return (plan.microBatchesOfReplica() + plan.stages().size() - 1) * slowest + update;
    }

    /** Forward and backward of one micro-batch of random tokens. */
    private static final class Passes implements AutoCloseable {
        private final StageModel stage;
        private final GradientSet gradients;
        private final int tokens;

        Passes(Engine engine, RunPlan plan, int layers, int B) {
            ModelConfig model = model(plan, layers);
            int T = model.context();
            stage = new StageModel(
                    engine,
                    model,
                    StagePlan.whole(model),
                    plan.dtype(),
                    B,
                    T,
                    1,
                    plan.config().recompute());
            gradients = stage.newGradients();
            stage.parameters().initialise(0);
            int[] ids = new int[B * T];
            RandomStream random = RandomStream.of(0, "plan", 0);
            for (int i = 0; i < ids.length; i++) {
                ids[i] = random.nextInt(model.vocabSize());
            }
            stage.setTokens(0, ids);
            stage.setTargets(0, ids);
            tokens = ids.length;
        }

        void run() {
            gradients.begin();
            stage.forward(0);
            stage.backward(0, gradients, 1.0 / tokens);
            stage.lossSum(0); // waits for engines that queue
        }

        @Override
        public void close() {
            gradients.close();
            stage.close();
        }
    }

    /** What a step does with parameters, on some of them. */
    private static final class Update implements AutoCloseable {
        private static final AdamWStep STEP = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05, 1);

        private final Engine engine;
        private final Arena arena;
        private final Tensor[] flat = new Tensor[4];
        private final @Nullable Tensor copy;
        private final Tensor norms;
        private final UnsafeBuffer read;

        Update(Engine engine, RunPlan plan) {
            this.engine = engine;
            long bytes = (long) ELEMENTS * Float.BYTES;
            arena = engine.allocate("optimizer", 5 * bytes + (long) ELEMENTS / BLOCK * Double.BYTES);
            for (int i = 0; i < flat.length; i++) {
                flat[i] = new Tensor(arena, i * bytes, DType.F32, ELEMENTS);
            }
            copy = plan.dtype() == DType.F32 ? null : new Tensor(arena, 4 * bytes, plan.dtype(), ELEMENTS);
            norms = new Tensor(arena, 5 * bytes, DType.F64, ELEMENTS / BLOCK);
            read = new UnsafeBuffer(new byte[(int) norms.bytes()]);
            new RandomOperands(engine).fill(flat[3]); // pages that nobody has written are all the same one
        }

        void run() {
            engine.kernels().sumOfSquares(norms, flat[3], BLOCK);
            engine.kernels().adamW(STEP, flat[0], flat[1], flat[2], flat[3], copy);
            engine.read(norms, read, 0); // waits for engines that queue
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
