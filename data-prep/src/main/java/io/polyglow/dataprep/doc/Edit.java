package io.polyglow.dataprep.doc;

import java.util.Comparator;

/**
 * A change inside a document: what stands at {@code [start, end)} becomes {@code replacement}. An annotation, not a rewriting: the text stays
 * as it was read, and {@link Edits#apply} makes the text that is trained on.
 *
 * @param start first UTF-16 unit that goes
 * @param end the unit after the last one that goes; equal to {@code start} for an insertion
 * @param replacement what stands there instead, often empty
 */
public record Edit(int start, int end, String replacement) {
    /** By place: what begins first, and of those the longest. */
    public static final Comparator<Edit> BY_PLACE = Comparator.comparingInt(Edit::start)
            .thenComparing(Comparator.comparingInt(Edit::end).reversed());

    /** Checks the range. */
    public Edit {
        if (start < 0 || end < start) {
            throw new IllegalArgumentException("impossible edit of [" + start + ", " + end + ")");
        }
    }

    /** Takes {@code [start, end)} out. */
    public static Edit removal(int start, int end) {
        return new Edit(start, end, "");
    }
}
