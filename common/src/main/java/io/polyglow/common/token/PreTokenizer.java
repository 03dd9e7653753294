package io.polyglow.common.token;

/** How a normalised text is cut before a subword model sees it. Safe for many threads. */
interface PreTokenizer {
    /** The text as it is cut: some pre-tokenizers write marks into it. */
    byte[] rewrite(byte[] text);

    /** End of the pre-token that begins at {@code start < limit} of a rewritten text; greater than {@code start}. */
    int end(byte[] text, int start, int limit);

    /** Cuts nothing. */
    PreTokenizer WHOLE = of((text, start, limit) -> limit);

    /** A place to cut. */
    @FunctionalInterface
    interface Cut {
        int end(byte[] text, int start, int limit);
    }

    /** Cuts a text that is left as it is. */
    static PreTokenizer of(Cut cut) {
        return new PreTokenizer() {
            @Override
            public byte[] rewrite(byte[] text) {
                return text;
            }

            @Override
            public int end(byte[] text, int start, int limit) {
                return cut.end(text, start, limit);
            }
        };
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
