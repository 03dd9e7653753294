package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/** The smallest, the middle and the largest of some measurements. */
record Spread(double min, double median, double max) {
    /** Of at least one value; the median of an even number is the mean of the middle two. */
    static Spread of(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int size = sorted.size();
        if (size == 0) {
            throw new IllegalArgumentException("no values");
        }
        double median = (sorted.get((size - 1) / 2) + sorted.get(size / 2)) / 2;
        return new Spread(sorted.get(0), median, sorted.get(size - 1));
    }

    /** The same measurements in another unit; a falling function swaps the ends. */
    Spread map(DoubleUnaryOperator unit) {
        double first = unit.applyAsDouble(min);
        double last = unit.applyAsDouble(max);
        return new Spread(Math.min(first, last), unit.applyAsDouble(median), Math.max(first, last));
    }

    JsonObject json() {
        return new JsonObject().put("min", min).put("median", median).put("max", max);
    }

    /** {@code 0.12 - 0.13 - 0.15}, each by {@code format}. */
    String text(String format) {
        return String.format(Locale.ROOT, format + " - " + format + " - " + format, min, median, max);
    }
}
