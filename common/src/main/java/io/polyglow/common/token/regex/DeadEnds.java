package io.polyglow.common.token.regex;

import org.agrona.collections.LongArrayList;
import org.agrona.collections.LongHashSet;
import org.jspecify.annotations.Nullable;

/**
 * Where in a text, and in which state, it is known that no match follows (Reps 1998). A search that finds such a place stops, so none goes over a text that another has
 * searched in vain, and time is linear. Every 64th byte is remembered, which costs nothing for the short looks ahead of common expressions. For one text.
 */
final class DeadEnds {
    private static final int EVERY = 64;

    private @Nullable LongHashSet known;
    private @Nullable LongArrayList passed;

    /** A search begins, or has found a match. */
    void begin() {
        if (passed != null) {
            passed.clear();
        }
    }

    /** Whether nothing follows; if that is not known, the place is remembered until the search ends. */
    boolean isOne(int at, int state) {
        if (at % EVERY != 0) {
            return false;
        }
        long place = (long) at << 32 | state;
        if (known != null && known.contains(place)) {
            return true;
        }
        if (passed == null) {
            passed = new LongArrayList();
        }
        passed.addLong(place);
        return false;
    }

    /** The search has ended without another match. */
    void end() {
        if (passed == null || passed.isEmpty()) {
            return;
        }
        if (known == null) {
            known = new LongHashSet();
        }
        for (int i = 0; i < passed.size(); i++) {
            known.add(passed.getLong(i));
        }
        passed.clear();
    }
}
