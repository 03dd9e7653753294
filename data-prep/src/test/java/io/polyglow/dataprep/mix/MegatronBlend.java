package io.polyglow.dataprep.mix;

/**
 * The order in which Megatron-LM draws from weighted data sets (megatron/core/datasets/helpers.cpp, {@code build_blending_indices}): before draw i, the data set
 * that is furthest behind {@code weight * max(i, 1)}; of equals the first. No random numbers, and after any number of draws no data set is a whole sample off. What a
 * {@link MixPlan} shares out is held to it.
 */
final class MegatronBlend {
    private final double[] weights;
    private final long[] drawn;
    private long draws;

    /** A blend by weights, which add up to one; they are taken as they are, since ties hang on their last bits. */
    MegatronBlend(double[] weights) {
        this.weights = weights.clone();
        drawn = new long[weights.length];
    }

    /** The data set to draw from next. */
    int next() {
        double at = Math.max(draws, 1);
        int chosen = 0;
        for (int i = 1; i < weights.length; i++) {
            if (weights[i] * at - drawn[i] > weights[chosen] * at - drawn[chosen]) {
                chosen = i;
            }
        }
        drawn[chosen]++;
        draws++;
        return chosen;
    }

    /** How often a data set was drawn: the index of its next sample. */
    long drawn(int dataSet) {
        return drawn[dataSet];
    }
}
