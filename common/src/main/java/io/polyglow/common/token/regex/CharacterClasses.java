package io.polyglow.common.token.regex;

import io.polyglow.common.text.Utf8;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Code points by which of an expression's sets have them: what is alike in all sets is one class, numbered from 0. One byte per code point. */
final class CharacterClasses {
    /** A byte that is not UTF-8 is like this code point, which is and stays unassigned. */
    private static final int INVALID = Character.MAX_CODE_POINT;

    private static final int MAX_CLASSES = 255;

    private final byte[] classOf = new byte[CodePoints.SIZE];
    private final int[] example = new int[MAX_CLASSES];
    private int count = 1;

    CharacterClasses(List<BitSet> sets) {
        sets.forEach(this::refine);
    }

    private void refine(BitSet set) {
        Map<Integer, Integer> renamed = new HashMap<>();
        int before = count;
        boolean[] seenOutside = new boolean[MAX_CLASSES];
        boolean[] seenInside = new boolean[MAX_CLASSES];
        for (int c = 0; c < CodePoints.SIZE; c++) {
            (set.get(c) ? seenInside : seenOutside)[classOf[c] & 0xFF] = true;
        }
        for (int old = 0; old < before; old++) {
            if (seenInside[old] && seenOutside[old]) {
                if (count == MAX_CLASSES) {
                    throw new RegexProblem("an expression that tells more than " + MAX_CLASSES + " characters apart");
                }
                renamed.put(old, count++);
            }
        }
        for (int c = set.nextSetBit(0); c >= 0; c = set.nextSetBit(c + 1)) {
            classOf[c] = (byte) (int) renamed.getOrDefault(classOf[c] & 0xFF, classOf[c] & 0xFF);
        }
        for (int c = CodePoints.SIZE - 1; c >= 0; c--) {
            example[classOf[c] & 0xFF] = c;
        }
    }

    int count() {
        return count;
    }

    /** Whether the characters of a class are in a set, one of those that the classes were made of. */
    boolean isIn(int characterClass, BitSet set) {
        return set.get(example[characterClass]);
    }

    /** {@code length in bytes << 8 | class} of the character at {@code at}. */
    int at(byte[] utf8, int at, int limit) {
        byte first = utf8[at];
        if (first >= 0) {
            return 1 << 8 | (classOf[first] & 0xFF);
        }
        int decoded = Utf8.decode(utf8, at, limit);
        return decoded == Utf8.INVALID
                ? 1 << 8 | (classOf[INVALID] & 0xFF)
                : (decoded & 7) << 8 | (classOf[decoded >>> 3] & 0xFF);
    }

    /** The class of the character that ends at {@code end > start}. */
    int before(byte[] utf8, int start, int end) {
        for (int length = Math.min(4, end - start); length > 1; length--) {
            int decoded = Utf8.decode(utf8, end - length, end);
            if (decoded != Utf8.INVALID && (decoded & 7) == length) {
                return classOf[decoded >>> 3] & 0xFF;
            }
        }
        return at(utf8, end - 1, end) & 0xFF;
    }
}
