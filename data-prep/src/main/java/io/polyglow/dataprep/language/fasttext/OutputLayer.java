package io.polyglow.dataprep.language.fasttext;

import java.util.Arrays;

/**
 * How the output matrix makes probabilities of labels out of a hidden vector ({@code src/loss.cc}). fastText adds 1e-5 to each probability before it takes its logarithm, and the scores that it
 * prints keep that; so do these.
 */
@FunctionalInterface
interface OutputLayer {
    /** What fastText adds before a logarithm. */
    double EPSILON = 1e-5;

    /** The score of every label. */
    double[] scores(float[] hidden);

    /** The layer of a loss; {@code labelCounts} shape the tree of a hierarchical softmax. */
    static OutputLayer of(ModelArguments.Loss loss, Rows output, long[] labelCounts) {
        return switch (loss) {
            case SOFTMAX -> hidden -> softmax(products(output, hidden));
            case NEGATIVE_SAMPLING, ONE_VS_ALL -> hidden -> sigmoids(products(output, hidden));
            case HIERARCHICAL_SOFTMAX -> new LabelTree(labelCounts, output);
        };
    }

    private static float[] products(Rows output, float[] hidden) {
        float[] products = new float[output.rows()];
        for (int i = 0; i < products.length; i++) {
            products[i] = output.dot(i, hidden);
        }
        return products;
    }

    private static double[] softmax(float[] logits) {
        float max = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        double[] scores = new double[logits.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.exp(logits[i] - max);
        }
        double sum = Arrays.stream(scores).sum();
        Arrays.setAll(scores, i -> scores[i] / sum + EPSILON);
        return scores;
    }

    private static double[] sigmoids(float[] logits) {
        double[] scores = new double[logits.length];
        Arrays.setAll(scores, i -> SigmoidTable.at(logits[i]) + EPSILON);
        return scores;
    }

    /** fastText's sigmoid: 512 steps between -8 and 8, 0 and 1 beyond. */
    final class SigmoidTable {
        private static final int STEPS = 512;
        private static final float MAX = 8;
        private static final float[] VALUES = new float[STEPS + 1];

        static {
            for (int i = 0; i <= STEPS; i++) {
                VALUES[i] = (float) (1 / (1 + Math.exp(-(i * 2 * MAX / STEPS - MAX))));
            }
        }

        private SigmoidTable() {}

        static float at(float x) {
            if (x < -MAX) {
                return 0;
            }
            return x > MAX ? 1 : VALUES[(int) ((x + MAX) * STEPS / MAX / 2)];
        }
    }
}
