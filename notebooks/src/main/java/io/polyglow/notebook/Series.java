package io.polyglow.notebook;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Points of a line: {@code y.get(i)} at {@code x.get(i)}. */
record Series(List<Double> x, List<Double> y) {
    /** Exponential moving average with weight {@code keep} for the past, corrected for its start. */
    Series smoothed(double keep) {
        List<Double> smooth = new ArrayList<>();
        double average = 0;
        double weight = 0;
        for (double value : y) {
            average = keep * average + (1 - keep) * value;
            weight = keep * weight + (1 - keep);
            smooth.add(average / weight);
        }
        return new Series(x, smooth);
    }

    /** The same line divided by its largest value. */
    Series relative() {
        double most = y.isEmpty() ? 1 : Collections.max(y);
        return new Series(x, y.stream().map(value -> value / most).toList());
    }
}
