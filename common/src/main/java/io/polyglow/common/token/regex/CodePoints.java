package io.polyglow.common.token.regex;

import java.util.BitSet;

/** Sets of code points. */
final class CodePoints {
    /** One more than the last code point. */
    static final int SIZE = Character.MAX_CODE_POINT + 1;

    private CodePoints() {}

    static BitSet of(int... codePoints) {
        BitSet set = new BitSet();
        for (int codePoint : codePoints) {
            set.set(codePoint);
        }
        return set;
    }

    static BitSet range(int first, int last) {
        BitSet set = new BitSet();
        set.set(first, last + 1);
        return set;
    }

    static BitSet union(BitSet... sets) {
        BitSet union = new BitSet();
        for (BitSet set : sets) {
            union.or(set);
        }
        return union;
    }

    static BitSet not(BitSet set) {
        BitSet others = (BitSet) set.clone();
        others.flip(0, SIZE);
        return others;
    }

    /** With what an ASCII letter of the set is in the other case; {@code ſ} folds to s, and the Kelvin sign to k. */
    static BitSet foldAscii(BitSet set) {
        BitSet folded = (BitSet) set.clone();
        for (int lower = 'a'; lower <= 'z'; lower++) {
            int upper = lower - 'a' + 'A';
            if (set.get(lower) || set.get(upper)) {
                folded.set(lower);
                folded.set(upper);
            }
        }
        if (folded.get('s')) {
            folded.set('\u017F');
        }
        if (folded.get('k')) {
            folded.set('\u212A');
        }
        return folded;
    }
}
