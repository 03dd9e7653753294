package io.polyglow.trainer.model;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Configs small enough for finite differences, and batches for them. */
public final class TinyModels {
    static final int VOCAB = 11;
    static final int CONTEXT = 6;

    private TinyModels() {}

    /** GPT-2's combination. */
    public static ModelConfig gpt2(int layers) {
        return config(layers, 4, Norm.LAYERNORM, Positions.LEARNED, Activation.GELU, true, true);
    }

    /** Llama's combination, with grouped queries. */
    public static ModelConfig llama(int layers) {
        return config(layers, 2, Norm.RMSNORM, Positions.ROPE, Activation.SWIGLU, false, false);
    }

    static ModelConfig config(
            int layers,
            int kvHeads,
            Norm norm,
            Positions positions,
            Activation activation,
            boolean tied,
            boolean bias) {
        return new ModelConfig(
                layers, 4, kvHeads, 16, 20, VOCAB, CONTEXT, 0, norm, positions, activation, tied, bias, 100, 1e-5);
    }

    /** Every combination of the choices, and some with a window. */
    public static List<ModelConfig> all() {
        List<ModelConfig> configs = new ArrayList<>();
        for (int bits = 0; bits < 64; bits++) {
            configs.add(config(
                    2,
                    bit(bits, 0) ? 2 : 4,
                    bit(bits, 1) ? Norm.RMSNORM : Norm.LAYERNORM,
                    bit(bits, 2) ? Positions.ROPE : Positions.LEARNED,
                    bit(bits, 3) ? Activation.SWIGLU : Activation.GELU,
                    bit(bits, 4),
                    bit(bits, 5)));
        }
        configs.add(gpt2(2).withAttentionWindow(2));
        configs.add(llama(2).withAttentionWindow(3));
        return configs;
    }

    private static boolean bit(int bits, int index) {
        return ((bits >> index) & 1) == 1;
    }

    /** Weights far from their start, so that no gradient is near zero by symmetry. */
    static void randomise(Engine engine, ParameterSet parameters, long seed) {
        for (int i = 0; i < parameters.layout().owned().size(); i++) {
            randomise(engine, parameters.layout().owned().get(i).spec(), parameters.parameter(i), seed);
        }
        Tensor borrowed = parameters.borrowed();
        if (borrowed != null) {
            ParameterSpec spec =
                    Objects.requireNonNull(parameters.layout().borrowed()).spec();
            randomise(engine, spec, borrowed, seed);
        }
        parameters.refreshComputeCopies();
    }

    private static void randomise(Engine engine, ParameterSpec spec, Tensor parameter, long seed) {
        RandomStream random = RandomStream.of(seed, spec.name(), 0);
        double[] values = new double[(int) spec.size()];
        Arrays.setAll(values, i -> spec.mean() + 0.3 * random.nextGaussian());
        Values.write(engine, parameter, values);
    }

    static int[] tokens(int count, long seed) {
        RandomStream random = RandomStream.of(seed, "tokens", 0);
        int[] ids = new int[count];
        Arrays.setAll(ids, i -> random.nextInt(VOCAB));
        return ids;
    }
}
