package io.polyglow.dataprep.mix;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Divides a budget by weights under caps. */
final class Allocation {
    private Allocation() {}

    /**
     * Gives {@code i} the share of {@code budget} that {@code weights[i]} is of all weights, but at most {@code caps[i]}; what a cap keeps out goes to those
     * below theirs, by their weights. With equal weights and caps of N times the sizes this is UniMax (Chung et al. 2023, algorithm 1). All caps together may
     * be less than the budget; then that much is given.
     *
     * @return amounts, in the unit of budget and caps
     */
    static double[] of(double[] weights, double[] caps, double budget) {
        // by the budget at which each reaches its cap: once one stays below, so do all after it; without weight there
        // is none
        Integer[] order = IntStream.range(0, weights.length)
                .filter(i -> weights[i] > 0)
                .boxed()
                .toArray(Integer[]::new);
        Arrays.sort(order, (a, b) -> Double.compare(caps[a] * weights[b], caps[b] * weights[a]));
        double[] amounts = new double[weights.length];
        double left = budget;
        double weightLeft = Arrays.stream(weights).sum();
        for (int i : order) {
            amounts[i] = Math.min(caps[i], left * weights[i] / weightLeft);
            left -= amounts[i];
            weightLeft -= weights[i];
        }
        return amounts;
    }
}
