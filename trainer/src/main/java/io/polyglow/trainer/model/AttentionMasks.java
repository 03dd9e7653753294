package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.AttentionShape;
import org.jspecify.annotations.Nullable;

/** Which slots of a stage have attention that is not plainly causal, and the first keys of the one being set: of its documents, narrowed by the model's window. */
final class AttentionMasks {
    private final int T;
    private final int window;
    private final boolean[] plain;
    private int[] seen = {};

    AttentionMasks(int T, int window, int slots) {
        this.T = T;
        this.window = window;
        plain = new boolean[slots];
    }

    /** Whether a slot's rows see all earlier ones. */
    boolean plain(int slot) {
        return plain[slot];
    }

    /** Takes the first keys of a slot's rows; returns what the kernels need to be told, valid until the next call, or null for a plain slot. */
    int @Nullable [] set(int slot, int @Nullable [] firstKeys, int rows) {
        if (firstKeys != null && firstKeys.length != rows) {
            throw new IllegalArgumentException(firstKeys.length + " first keys for " + rows + " rows");
        }
        plain[slot] = firstKeys == null && window >= T;
        if (plain[slot]) {
            return null;
        }
        seen = seen.length == rows ? seen : new int[rows];
        for (int n = 0; n < rows; n++) {
            int t = n % T;
            int first = firstKeys == null ? 0 : firstKeys[n];
            if (first < (t == 0 || firstKeys == null ? 0 : firstKeys[n - 1]) || first > t) {
                throw new IllegalArgumentException("firstKeys[" + n + "] = " + first + " is not in [0, " + t
                        + "], or less than the one before it in its sequence");
            }
            seen[n] = Math.max(first, AttentionShape.firstKey(t, window));
        }
        return seen;
    }
}
