package io.polyglow.dataprep.filter;

/** Takes the lines of a text, from first to last. */
@FunctionalInterface
interface LineSink {
    /** A line at {@code [start, end)}, without what ends it; {@code next} is where the following one starts. */
    void line(int start, int end, int next);
}
