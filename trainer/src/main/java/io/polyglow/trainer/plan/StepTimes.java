package io.polyglow.trainer.plan;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * How long the parts of a step take on an engine, measured in some seconds: models of one and of two layers, whose difference is a layer.
 *
 * @param layerSeconds forward and backward of a layer, for one micro-batch
 * @param endsSeconds forward and backward of embedding and head, for one micro-batch
 * @param elementSeconds norm and update of one parameter
 */
public record StepTimes(double layerSeconds, double endsSeconds, double elementSeconds) {
    private static final int FEWEST_RUNS = 2;
    private static final int MOST_RUNS = 10;
    private static final int ELEMENTS = 1 << 22;

    /** Measures for at most about {@code budgetNs}, or until each part has run twice. */
    public static StepTimes measure(Engine engine, NanoClock clock, RunPlan plan, long budgetNs) {
        Stopwatch watch = new Stopwatch(engine, clock, budgetNs / 3);
        double one = watch.passes(plan, 1);
        double two = watch.passes(plan, 2);
        double layer = Math.max(two - one, 0);
        return new StepTimes(layer, Math.max(one - layer, 0), watch.update() / ELEMENTS);
    }

    /** Seconds of a step in which nobody waits for the network. */
    public double stepSeconds(RunPlan plan) {
        double slowest = 0;
        double update = 0;
        for (StageNeeds needs : plan.stages()) {
            double stage =
                    needs.stage().layers() * layerSeconds + (needs.stage().head() ? endsSeconds : 0);
            slowest = Math.max(slowest, stage);
            update = Math.max(update, needs.engine().bytes("optimizer") / (2.0 * Float.BYTES) * elementSeconds);
        }
        return (plan.microBatchesOfReplica() + plan.stages().size() - 1) * slowest + update;
    }

    /** Times work on an engine. */
    private record Stopwatch(Engine engine, NanoClock clock, long budgetNs) {
        /** The fastest forward and backward of a micro-batch. */
        double passes(RunPlan plan, int layers) {
            ModelConfig model = plan.config().model().withLayers(layers);
            int B = plan.config().batch().micro();
            int T = model.context();
            try (StageModel stage = new StageModel(engine, model, StagePlan.whole(model), plan.dtype(), B, T, 1);
                    GradientSet gradients = stage.newGradients()) {
                stage.parameters().initialise(0);
                int[] ids = new int[B * T];
                RandomStream random = RandomStream.of(0, "plan", 0);
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = random.nextInt(model.vocabSize());
                }
                stage.setTokens(0, ids);
                stage.setTargets(0, ids);
                return fastest(() -> {
                    stage.forward(0);
                    stage.backward(0, gradients, 1.0 / ids.length);
                    stage.lossSum(0); // waits for engines that queue
                });
            }
        }

        /** The fastest norm and update of {@link #ELEMENTS} parameters. */
        double update() {
            long bytes = (long) ELEMENTS * Float.BYTES;
            int block = 1 << 14;
            try (Arena arena = engine.allocate("optimizer", 4 * bytes + (long) ELEMENTS / block * Double.BYTES)) {
                Tensor[] flat = new Tensor[4];
                for (int i = 0; i < flat.length; i++) {
                    flat[i] = new Tensor(arena, i * bytes, DType.F32, ELEMENTS);
                }
                Tensor norms = new Tensor(arena, 4 * bytes, DType.F64, ELEMENTS / block);
                UnsafeBuffer read = new UnsafeBuffer(new byte[(int) norms.bytes()]);
                AdamWStep step = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05, 1);
                return fastest(() -> {
                    engine.kernels().adamW(step, flat[0], flat[1], flat[2], flat[3]);
                    engine.kernels().sumOfSquares(norms, flat[3], block);
                    engine.read(norms, read, 0);
                });
            }
        }

        private double fastest(Runnable work) {
            long begin = clock.nanoTime();
            long best = Long.MAX_VALUE;
            for (int run = 0; run < MOST_RUNS && (run < FEWEST_RUNS || clock.nanoTime() - begin < budgetNs); run++) {
                long from = clock.nanoTime();
                work.run();
                best = Math.min(best, clock.nanoTime() - from);
            }
            return best / 1e9;
        }
    }
}
