package io.polyglow.common.token;

import java.util.Arrays;
import org.agrona.collections.IntArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Ids of recently seen short pieces: direct-mapped, so bounded, and shared by threads without a lock: an entry is immutable and safely published by its
 * final fields, and losing a race only costs a miss.
 */
final class SharedPieceCache {
    /** Longer pieces are rarely seen twice. */
    static final int MAX_PIECE_BYTES = 48;

    private static final int SLOTS = 1 << 15;

    private static final class Entry {
        final byte[] piece;
        final int[] ids;

        Entry(byte[] piece, int[] ids) {
            this.piece = piece;
            this.ids = ids;
        }

        boolean isFor(byte[] utf8, int start, int end) {
            return Arrays.equals(piece, 0, piece.length, utf8, start, end);
        }
    }

    private final @Nullable Entry[] entries = new Entry[SLOTS];

    static int slot(byte[] utf8, int start, int end) {
        int hash = end - start;
        for (int i = start; i < end; i++) {
            hash = hash * 31 + utf8[i];
        }
        hash *= 0x9E3779B9;
        return hash >>> 17;
    }

    /** Appends the ids of the piece if they are known. */
    boolean appendIfKnown(int slot, byte[] utf8, int start, int end, IntArrayList ids) {
        Entry entry = entries[slot];
        if (entry == null || !entry.isFor(utf8, start, end)) {
            return false;
        }
        for (int id : entry.ids) {
            ids.addInt(id);
        }
        return true;
    }

    /** Remembers that the piece has the ids from {@code firstId} to the end of {@code ids}. */
    void put(int slot, byte[] utf8, int start, int end, IntArrayList ids, int firstId) {
        int[] own = new int[ids.size() - firstId];
        for (int i = 0; i < own.length; i++) {
            own[i] = ids.getInt(firstId + i);
        }
        entries[slot] = new Entry(Arrays.copyOfRange(utf8, start, end), own);
    }
}
