package io.polyglow.trainer.config;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a resumed run may change. A fixed key decides which bits are computed, so changing it would make another run; it needs a new run directory.
 * Everything else (layout, engine, dtype, threads, steps, checkpoints, evaluation) may change.
 */
public final class ResumeRules {
    private static final Map<String, Function<TrainConfig, Object>> FIXED = new LinkedHashMap<>();

    static {
        FIXED.put("seed", TrainConfig::seed);
        FIXED.put("batch.global", config -> config.batch().global());
        FIXED.put("batch.micro", config -> config.batch().micro());
        FIXED.put("batch.canonical-width", config -> config.batch().canonicalWidth());
        FIXED.put("batch.packing", config -> config.batch().packing());
        FIXED.put("batch.document-mask", config -> config.batch().documentMask());
        FIXED.put("optimizer.learning-rate", config -> config.optimizer().learningRate());
        FIXED.put("optimizer.min-learning-rate", config -> config.optimizer().minLearningRate());
        FIXED.put("optimizer.warmup-steps", config -> config.optimizer().warmupSteps());
        FIXED.put("optimizer.decay-steps", config -> config.optimizer().decaySteps());
        FIXED.put("optimizer.beta1", config -> config.optimizer().beta1());
        FIXED.put("optimizer.beta2", config -> config.optimizer().beta2());
        FIXED.put("optimizer.epsilon", config -> config.optimizer().epsilon());
        FIXED.put("optimizer.weight-decay", config -> config.optimizer().weightDecay());
        FIXED.put("optimizer.clip-norm", config -> config.optimizer().clipNorm());
        FIXED.put("model.layers", config -> config.model().layers());
        FIXED.put("model.heads", config -> config.model().heads());
        FIXED.put("model.kv-heads", config -> config.model().kvHeads());
        FIXED.put("model.channels", config -> config.model().channels());
        FIXED.put("model.hidden", config -> config.model().hidden());
        FIXED.put("model.vocab-size", config -> config.model().vocabSize());
        FIXED.put("model.context", config -> config.model().context());
        FIXED.put("model.attention-window", config -> config.model().attentionWindow());
        FIXED.put("model.norm", config -> config.model().norm());
        FIXED.put("model.positions", config -> config.model().positions());
        FIXED.put("model.activation", config -> config.model().activation());
        FIXED.put("model.tied", config -> config.model().tied());
        FIXED.put("model.bias", config -> config.model().bias());
        FIXED.put("model.rope-theta", config -> config.model().ropeTheta());
        FIXED.put("model.norm-epsilon", config -> config.model().normEpsilon());
    }

    private ResumeRules() {}

    /** Refuses a config that would continue {@code before} as another run; names every key at fault with both values. */
    public static void check(TrainConfig before, TrainConfig now, String where) {
        List<String> changes = new ArrayList<>();
        FIXED.forEach((key, value) -> {
            Object old = value.apply(before);
            Object fresh = value.apply(now);
            if (!Objects.equals(old, fresh)) {
                changes.add(key + " was " + old + " and is now " + fresh);
            }
        });
        if (!changes.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "cannot resume " + where + ": " + String.join(", ", changes)
                            + ". These keys decide what is computed and stay fixed for a run; set them back, or start a new run directory.");
        }
        requireToLearn(before, now, where);
    }

    /** Of a run that is made longer: past the decay the rate is the minimum, and at 0 no step changes a weight. */
    private static void requireToLearn(TrainConfig before, TrainConfig now, String where) {
        long decaySteps = now.optimizer().decaySteps();
        if (now.steps() > before.steps()
                && now.steps() > decaySteps
                && now.optimizer().minLearningRate() == 0) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "cannot resume " + where + " with steps = " + now.steps()
                            + ": from step optimizer.decay-steps = " + decaySteps
                            + " on its learning rate is optimizer.min-learning-rate = 0, so no later step would learn anything, and both keys stay fixed for a run."
                            + " Leave steps at " + Math.max(before.steps(), decaySteps)
                            + ", or start a new run with optimizer.decay-steps=" + now.steps()
                            + " or a min-learning-rate above 0.");
        }
    }

    /** What to tell a person when a run goes on with another engine or dtype than it had; empty when both are as before. */
    public static Optional<String> otherArithmetic(
            long step, String engineBefore, String dtypeBefore, String engineNow, String dtypeNow) {
        if (engineBefore.equals(engineNow) && dtypeBefore.equals(dtypeNow)) {
            return Optional.empty();
        }
        return Optional.of("the run goes on after step " + step + " with engine " + engineNow + " in " + dtypeNow
                + "; up to there engine " + engineBefore + " computed in " + dtypeBefore
                + ". The loss stays close, but the bits will not be those of a run on one engine.");
    }

    /** The keys that stay fixed. */
    static List<String> fixedKeys() {
        return List.copyOf(FIXED.keySet());
    }
}
