package io.polyglow.common.token;

import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/** Pre-tokens, one after the other in one array. None is empty. */
final class Pieces {
    private final IntArrayList ends = new IntArrayList();
    private byte[] text;
    private int length;

    private Pieces(byte[] text, int length) {
        this.text = text;
        this.length = length;
    }

    /** No pieces yet; their texts will take about {@code expectedBytes}. */
    static Pieces expecting(int expectedBytes) {
        return new Pieces(new byte[expectedBytes], 0);
    }

    /** A text that is cut where {@code cut} says; it is not copied. */
    static Pieces of(byte[] text, PreTokenizer.Cut cut) {
        Pieces pieces = new Pieces(text, text.length);
        for (int start = 0; start < text.length; ) {
            start = cut.end(text, start, text.length);
            pieces.ends.addInt(start);
        }
        return pieces;
    }

    /** Adds a piece, unless it is empty. */
    void add(byte[] from, int start, int end) {
        if (end > start) {
            append(from, start, end);
            ends.addInt(length);
        }
    }

    /** Adds text to the piece that {@link #add} adds next. */
    void append(byte[] from, int start, int end) {
        int needed = Math.addExact(length, end - start);
        if (needed > text.length) {
            text = Arrays.copyOf(text, (int) Math.min(Integer.MAX_VALUE - 8L, needed + (needed >> 1) + 16L));
        }
        System.arraycopy(from, start, text, length, end - start);
        length = needed;
    }

    int count() {
        return ends.size();
    }

    /** Where a piece ends in {@link #text}; it begins where the one before ends. */
    int end(int piece) {
        return ends.getInt(piece);
    }

    /** All pieces; longer than they are. */
    byte[] text() {
        return text;
    }
}
