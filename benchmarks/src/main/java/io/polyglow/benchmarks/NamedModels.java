package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Shapes by the names that people compare by. The small ones are for machines without an accelerator, the {@code nano} ones for tests. */
final class NamedModels {
    private static final double ROPE_THETA = 10_000;
    private static final double EPSILON = 1e-5;
    private static final Map<String, ModelConfig> ALL = new LinkedHashMap<>();

    static {
        ALL.put("nano", gpt2(2, 2, 64, 512));
        ALL.put("nano-llama", llama(2, 4, 2, 64, 0, 512));
        ALL.put("small", gpt2(6, 6, 384, 8192));
        ALL.put("gpt2-124m", gpt2(12, 12, 768, 50_257));
        ALL.put("gpt2-1.5b", gpt2(48, 25, 1600, 50_257));
        ALL.put("llama-110m", llama(12, 12, 4, 768, 2304, 32_000));
    }

    private NamedModels() {}

    /** The shape of this name for sequences of {@code context} tokens. */
    static ModelConfig of(String name, int context) {
        ModelConfig shape = ALL.get(name);
        if (shape == null) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "--model " + name + " is not known; choose one of " + String.join(", ", ALL.keySet()));
        }
        return withContext(shape, context);
    }

    static Set<String> names() {
        return Collections.unmodifiableSet(ALL.keySet());
    }

    private static ModelConfig gpt2(int layers, int heads, int channels, int vocabSize) {
        return new ModelConfig(
                layers,
                heads,
                0,
                channels,
                0,
                vocabSize,
                1,
                0,
                Norm.LAYERNORM,
                Positions.LEARNED,
                Activation.GELU,
                true,
                true,
                ROPE_THETA,
                EPSILON);
    }

    private static ModelConfig llama(int layers, int heads, int kvHeads, int channels, int hidden, int vocabSize) {
        return new ModelConfig(
                layers,
                heads,
                kvHeads,
                channels,
                hidden,
                vocabSize,
                1,
                0,
                Norm.RMSNORM,
                Positions.ROPE,
                Activation.SWIGLU,
                true,
                false,
                ROPE_THETA,
                EPSILON);
    }

    private static ModelConfig withContext(ModelConfig shape, int context) {
        return new ModelConfig(
                shape.layers(),
                shape.heads(),
                shape.kvHeads(),
                shape.channels(),
                shape.hidden(),
                shape.vocabSize(),
                context,
                shape.attentionWindow(),
                shape.norm(),
                shape.positions(),
                shape.activation(),
                shape.tied(),
                shape.bias(),
                shape.ropeTheta(),
                shape.normEpsilon());
    }
}
