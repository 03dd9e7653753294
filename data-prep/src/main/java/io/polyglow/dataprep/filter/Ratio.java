package io.polyglow.dataprep.filter;

/** Division for shares: of nothing, nothing. */
final class Ratio {
    private Ratio() {}

    static double of(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }
}
