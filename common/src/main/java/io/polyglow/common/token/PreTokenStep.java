package io.polyglow.common.token;

import io.polyglow.common.token.regex.TextRegex;
import java.util.Arrays;

/** One step of a {@code pre_tokenizer}: cuts a piece into smaller ones. Safe for many threads. */
@FunctionalInterface
interface PreTokenStep {
    /** Adds what {@code text[start, end)} is cut into. */
    void cut(byte[] text, int start, int end, Pieces pieces);

    /** Finds matches in {@code utf8[start, limit)}. */
    @FunctionalInterface
    interface Finder {
        void cut(byte[] utf8, int start, int limit, TextRegex.Parts parts);
    }

    /** Every pre-token of a known pattern is a match. */
    static Finder of(PreTokenPattern pattern) {
        return (utf8, start, limit, parts) -> {
            for (int at = start; at < limit; ) {
                at = pattern.end(utf8, at, limit);
                parts.part(at, true);
            }
        };
    }

    /** Cuts at matches; where {@code invert}, what is between them counts as the matches. */
    static PreTokenStep split(Finder finder, SplitBehavior behavior, boolean invert) {
        return (text, start, end, pieces) -> {
            Joining joining = new Joining(text, start, behavior, pieces);
            finder.cut(text, start, end, (partEnd, isMatch) -> joining.part(partEnd, isMatch != invert));
            joining.add();
        };
    }

    /** Puts a space before a piece that has none. */
    static PreTokenStep spaceBefore() {
        byte[] space = {' '};
        return (text, start, end, pieces) -> {
            if (start < end && text[start] != ' ') {
                pieces.append(space, 0, 1);
            }
            pieces.add(text, start, end);
        };
    }

    /** Cuts each piece as if it were a text. */
    static PreTokenStep of(PreTokenizer cutter) {
        return (text, start, end, pieces) -> {
            Pieces smaller = cutter.cut(Arrays.copyOfRange(text, start, end));
            for (int i = 0, from = 0; i < smaller.count(); from = smaller.end(i), i++) {
                pieces.add(smaller.text(), from, smaller.end(i));
            }
        };
    }

    /** Joins parts to pieces as a {@link SplitBehavior} says. */
    final class Joining {
        private final byte[] text;
        private final SplitBehavior behavior;
        private final Pieces pieces;
        private int start;
        private int end;
        private boolean isMatch;

        private Joining(byte[] text, int start, SplitBehavior behavior, Pieces pieces) {
            this.text = text;
            this.behavior = behavior;
            this.pieces = pieces;
            this.start = start;
            end = start;
        }

        private void part(int partEnd, boolean partIsMatch) {
            if (behavior.cutsBetween(isMatch, partIsMatch)) {
                add();
            }
            end = partEnd;
            isMatch = partIsMatch;
        }

        private void add() {
            if (behavior != SplitBehavior.REMOVED || !isMatch) {
                pieces.add(text, start, end);
            }
            start = end;
        }
    }
}
