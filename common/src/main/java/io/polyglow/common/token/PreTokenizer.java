package io.polyglow.common.token;

/** How a normalised text is cut before a subword model sees it. Safe for many threads. */
@FunctionalInterface
interface PreTokenizer {
    /** The pre-tokens of a text; some pre-tokenizers write marks into it, or leave something out. */
    Pieces cut(byte[] text);

    /** Cuts nothing. */
    PreTokenizer WHOLE = of((text, start, limit) -> limit);

    /** A place to cut. */
    @FunctionalInterface
    interface Cut {
        /** End of the pre-token that begins at {@code start < limit}; greater than {@code start}. */
        int end(byte[] text, int start, int limit);
    }

    /** Cuts a text that is left as it is. */
    static PreTokenizer of(Cut cut) {
        return text -> Pieces.of(text, cut);
    }

    /**
     * Cuts before every mark that follows something else. Where no token has a mark after something else, no token can cross such a place, and cutting there
     * changes no id; short pieces are encoded faster, and most have been seen before.
     */
    PreTokenizer WORDS = of((text, start, limit) -> {
        int at = start;
        while (Spaces.isMark(text, at, limit)) {
            at += Spaces.markLength();
        }
        while (at < limit && !Spaces.isMark(text, at, limit)) {
            at++;
        }
        return at;
    });
}
