package io.polyglow.trainer.generate;

import io.polyglow.common.rng.RandomStream;
import java.util.Arrays;

/** Picks a token from the first {@code vocabSize} logits of a row: temperature, then top-k, then top-p, as Hugging Face orders them. */
final class TokenPicker {
    private final Sampling sampling;
    private final long[] ranked;
    private final double[] weights;

    TokenPicker(Sampling sampling, int vocabSize) {
        this.sampling = sampling;
        ranked = new long[vocabSize];
        weights = new double[vocabSize];
    }

    int pick(double[] logits, int from, RandomStream random) {
        return sampling.temperature() == 0 ? likeliest(logits, from) : sample(logits, from, random);
    }

    private int likeliest(double[] logits, int from) {
        int best = 0;
        for (int v = 1; v < ranked.length; v++) {
            if (logits[from + v] > logits[from + best]) {
                best = v;
            }
        }
        return best;
    }

    private int sample(double[] logits, int from, RandomStream random) {
        rank(logits, from);
        int kept = sampling.topK() == 0 ? ranked.length : Math.min(sampling.topK(), ranked.length);
        double max = logits[from + token(0)];
        double total = 0;
        for (int i = 0; i < kept; i++) {
            // StrictMath: the same token on every JDK
            weights[i] = StrictMath.exp((logits[from + token(i)] - max) / sampling.temperature());
            total += weights[i];
        }
        return token(draw(nucleus(kept, total), random));
    }

    /** The shortest prefix with at least {@code topP} of the weight. */
    private int nucleus(int kept, double total) {
        if (sampling.topP() == 1) {
            return kept;
        }
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weights[i];
            if (sum >= sampling.topP() * total) {
                return i + 1;
            }
        }
        return kept;
    }

    private int draw(int kept, RandomStream random) {
        double total = 0;
        for (int i = 0; i < kept; i++) {
            total += weights[i];
        }
        double rest = random.nextDouble() * total;
        for (int i = 0; i < kept - 1; i++) {
            rest -= weights[i];
            if (rest < 0) {
                return i;
            }
        }
        return kept - 1;
    }

    /** Sorts ids by falling logit, then rising id: one long each, the logit's order-preserving bits above the id. */
    private void rank(double[] logits, int from) {
        for (int v = 0; v < ranked.length; v++) {
            int bits = Float.floatToIntBits((float) logits[from + v]);
            int ascending = bits < 0 ? bits ^ 0x7FFFFFFF : bits;
            ranked[v] = ((long) ~ascending << 32) | v;
        }
        Arrays.sort(ranked);
    }

    private int token(int rank) {
        return (int) ranked[rank];
    }
}
