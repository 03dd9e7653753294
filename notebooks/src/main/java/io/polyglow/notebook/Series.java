package io.polyglow.notebook;

import java.util.Arrays;

/** Points of a line: {@code y[i]} at {@code x[i]}. */
record Series(double[] x, double[] y) {
    /** Exponential moving average with weight {@code keep} for the past, corrected for its start. */
    Series smoothed(double keep) {
        double[] smooth = new double[y.length];
        double average = 0;
        double weight = 0;
        for (int i = 0; i < y.length; i++) {
            average = keep * average + (1 - keep) * y[i];
            weight = keep * weight + (1 - keep);
            smooth[i] = average / weight;
        }
        return new Series(x, smooth);
    }

    /** The same line divided by its largest value. */
    Series relative() {
        double most = Arrays.stream(y).max().orElse(1);
        return new Series(x, Arrays.stream(y).map(value -> value / most).toArray());
    }
}
