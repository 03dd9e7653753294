package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.config.TrainConfig.Batch;
import io.polyglow.trainer.config.TrainConfig.Checkpoints;
import io.polyglow.trainer.config.TrainConfig.DTypeChoice;
import io.polyglow.trainer.config.TrainConfig.EngineChoice;
import io.polyglow.trainer.config.TrainConfig.Evaluation;
import io.polyglow.trainer.config.TrainConfig.Layout;
import io.polyglow.trainer.config.TrainConfig.Optimizer;
import io.polyglow.trainer.data.Packing;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.plan.Throughput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/**
 * What every contender computes: the same model, batches and optimizer. Written as {@code plan.json}, which ours and the peers read.
 *
 * @param engine which of our engines computes; peers use a GPU when it is {@code cuda}
 * @param model a name of {@link NamedModels}
 * @param context tokens of a sequence
 * @param batch sequences of a step
 * @param micro sequences computed at once; divides {@code batch}
 * @param dtype of matrix products: {@code f32} or {@code bf16}
 * @param threads of every contender that computes on the CPU
 * @param warmup steps taken before the timed ones
 * @param steps timed steps
 * @param seed of weights, corpus and order of data
 * @param recompute which activations ours computes again; the peers keep theirs
 */
public record TrainPlan(
        String engine,
        String model,
        int context,
        int batch,
        int micro,
        String dtype,
        int threads,
        int warmup,
        int steps,
        long seed,
        Recompute recompute) {
    static final Set<String> DTYPES = Set.of("f32", "bf16");
    private static final double LEARNING_RATE = 6e-4;
    private static final double MIN_LEARNING_RATE = 6e-5;
    private static final double RATE_WARMUP = 0.1;

    /** Refuses what no contender can do. */
    public TrainPlan {
        if (!DTYPES.contains(dtype)) {
            throw usage("--dtype " + dtype + " must be f32 or bf16");
        }
        if (batch < 1 || micro < 1 || batch % micro != 0) {
            throw usage("--micro " + micro + " must divide --batch " + batch + ", both at least 1");
        }
        if (threads < 1) {
            throw usage("--threads " + threads + " must be at least 1, or 0 for all cores");
        }
        if (warmup < 0 || steps < 1 || context < 1) {
            throw usage("--steps " + steps + " and --context " + context + " must be at least 1, --warmup " + warmup
                    + " at least 0");
        }
    }

    private static PolyglowException usage(String message) {
        return new PolyglowException(ErrorKind.USAGE, message);
    }

    TrainPlan withDtype(String other) {
        return new TrainPlan(engine, model, context, batch, micro, other, threads, warmup, steps, seed, recompute);
    }

    static Recompute recompute(String name) {
        return Arrays.stream(Recompute.values())
                .filter(level -> level.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst()
                .orElseThrow(() -> usage("--recompute " + name + " must be none, selective or full"));
    }

    /** Steps of a contender, warm-up included. */
    int allSteps() {
        return warmup + steps;
    }

    /** Tokens of a step. */
    long tokensPerStep() {
        return (long) batch * context;
    }

    /** The model. */
    public ModelConfig shape() {
        return NamedModels.of(model, context);
    }

    /** The run of ours. Its engine is opened by name, so that engines which no config names can be timed too. */
    TrainConfig config(double learningRate, int lastStep) {
        long rateWarmup = learningRate == 0 ? 0 : (long) (RATE_WARMUP * lastStep);
        return new TrainConfig(
                "corpus",
                "run",
                lastStep,
                0,
                seed,
                EngineChoice.AUTO,
                DTypeChoice.valueOf(dtype.toUpperCase(Locale.ROOT)),
                threads,
                recompute,
                0,
                new Layout(1, 1, OneStageSchedule.NAME, 1),
                new Batch(batch, micro, 0, Packing.CONCAT, false),
                shape(),
                new Optimizer(
                        learningRate,
                        Math.min(learningRate, MIN_LEARNING_RATE),
                        rateWarmup,
                        0,
                        0.9,
                        0.95,
                        1e-8,
                        0.1,
                        1),
                new Checkpoints(0, 1, 0),
                new Evaluation(0, 1));
    }

    /** The run of ours as it is timed. */
    public TrainConfig config() {
        return config(LEARNING_RATE, allSteps());
    }

    /** The plan as a peer reads it. */
    public JsonObject json() {
        ModelConfig shape = shape();
        Optimizer optimizer = config().optimizer();
        return new JsonObject()
                .put("engine", engine)
                .put("model", model)
                .put("context", context)
                .put("batch", batch)
                .put("micro", micro)
                .put("dtype", dtype)
                .put("threads", threads)
                .put("warmup", warmup)
                .put("steps", steps)
                .put("seed", seed)
                .put("recompute", recompute.name().toLowerCase(Locale.ROOT))
                .put("parameters", ParameterTable.size(shape))
                .put("flops_per_token", Throughput.flopsPerToken(shape))
                .put("shape", shapeJson(shape))
                .put(
                        "optimizer",
                        new JsonObject()
                                .put("learning_rate", optimizer.learningRate())
                                .put("min_learning_rate", optimizer.minLearningRate())
                                .put("warmup_steps", optimizer.warmupSteps())
                                .put("decay_steps", optimizer.decaySteps())
                                .put("beta1", optimizer.beta1())
                                .put("beta2", optimizer.beta2())
                                .put("epsilon", optimizer.epsilon())
                                .put("weight_decay", optimizer.weightDecay())
                                .put("clip_norm", optimizer.clipNorm()));
    }

    private static JsonObject shapeJson(ModelConfig shape) {
        return new JsonObject()
                .put("style", shape.gpt2Names() ? "gpt2" : "llama")
                .put("layers", shape.layers())
                .put("heads", shape.heads())
                .put("kv_heads", shape.kvHeads())
                .put("channels", shape.channels())
                .put("hidden", shape.hidden())
                .put("vocab_size", shape.vocabSize())
                .put("rope_theta", shape.ropeTheta())
                .put("norm_epsilon", shape.normEpsilon());
    }

    /** The plan of a folder that a benchmark made. */
    public static TrainPlan read(Path folder) throws IOException {
        return new WorkFolder(folder).plan();
    }

    static TrainPlan parse(JsonObject json) {
        return new TrainPlan(
                json.getString("engine"),
                json.getString("model"),
                json.getInt("context"),
                json.getInt("batch"),
                json.getInt("micro"),
                json.getString("dtype"),
                json.getInt("threads"),
                json.getInt("warmup"),
                json.getInt("steps"),
                json.getLong("seed"),
                recompute(json.getString("recompute")));
    }
}
