package io.polyglow.common.token;

import java.util.Arrays;
import org.agrona.BitUtil;

/**
 * Byte strings to ids, walked a byte at a time: nodes are numbers, 0 the root, and (node, byte) leads to a child through one open-addressing table. Immutable
 * once built.
 */
public final class PieceTrie {
    /** What {@link #child} and {@link #id} answer when there is none. */
    public static final int NONE = -1;

    private static final int ROOT = 0;

    private long[] keys = filled(1 << 10);
    private int[] children = new int[1 << 10];
    private int[] ids = {NONE};
    private int nodes = 1;

    /** Adds a string; the first one of equal strings counts. */
    public void put(byte[] bytes, int id) {
        int node = ROOT;
        for (byte b : bytes) {
            int child = child(node, b);
            node = child == NONE ? add(node, b) : child;
        }
        if (ids[node] == NONE) {
            ids[node] = id;
        }
    }

    /** The node where a walk begins. */
    public int root() {
        return ROOT;
    }

    /** The node that a byte leads to, or {@link #NONE}. */
    public int child(int node, byte b) {
        long key = key(node, b);
        int slot = slot(key);
        return keys[slot] == key ? children[slot] : NONE;
    }

    /** The id of the string that ends at a node, or {@link #NONE}. */
    public int id(int node) {
        return ids[node];
    }

    private int add(int node, byte b) {
        if (2 * nodes >= keys.length) {
            grow();
        }
        if (nodes == ids.length) {
            ids = Arrays.copyOf(ids, 2 * nodes);
            Arrays.fill(ids, nodes, ids.length, NONE);
        }
        long key = key(node, b);
        int slot = slot(key);
        keys[slot] = key;
        children[slot] = nodes;
        return nodes++;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldChildren = children;
        keys = filled(BitUtil.findNextPositivePowerOfTwo(2 * oldKeys.length));
        children = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != NONE) {
                int slot = slot(oldKeys[i]);
                keys[slot] = oldKeys[i];
                children[slot] = oldChildren[i];
            }
        }
    }

    private int slot(long key) {
        int mask = keys.length - 1;
        int slot = (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & mask;
        while (keys[slot] != key && keys[slot] != NONE) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private static long key(int node, byte b) {
        return (long) node << 8 | (b & 0xFF);
    }

    private static long[] filled(int length) {
        long[] keys = new long[length];
        Arrays.fill(keys, NONE);
        return keys;
    }
}
