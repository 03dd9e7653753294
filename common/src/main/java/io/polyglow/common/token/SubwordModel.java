package io.polyglow.common.token;

import org.agrona.collections.IntArrayList;

/** Turns one pre-token into ids. Immutable; threads take an encoder each. */
interface SubwordModel {
    /** Encodes with scratch memory of its own; for one thread. */
    @FunctionalInterface
    interface Encoder {
        /** Appends the ids of {@code text[start, end)}. */
        void encode(byte[] text, int start, int end, IntArrayList ids);
    }

    /** A new encoder; cheap. */
    Encoder encoder();

    /** Whether some token has a mark (a space) after something else. */
    boolean crossesWords();
}
