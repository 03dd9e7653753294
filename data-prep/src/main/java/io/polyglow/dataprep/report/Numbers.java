package io.polyglow.dataprep.report;

import java.util.Locale;

/** Numbers as the report prints them. */
final class Numbers {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};

    private Numbers() {}

    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** Decimal units, three digits or more. */
    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
    }

    /** A share in percent; a dash where there is no whole. */
    static String percent(long part, long whole) {
        return whole == 0 ? "–" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
    }

    /** A quotient; a dash where it has no value. */
    static String ratio(long of, long to) {
        return to == 0 ? "–" : String.format(Locale.ROOT, "%.2f", (double) of / to);
    }
}
