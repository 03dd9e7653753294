package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;

/**
 * Tokens of two bytes or more by their bytes: a double array (Aoe 1989), whose first two bytes are an index. The child of a node by a byte, if it has one, is the cell {@code base + byte},
 * and names the node as its parent: one memory access for each byte of text. Cells are given out by depth, so those that every text needs lie together. Immutable.
 */
final class TokenTrie {
    private static final int NO_TOKEN = -1;

    /** So that twice a cell fits an int. */
    private static final int MAX_CELLS = 1 << 29;

    /** Free cells that are tried for a node with several children before it goes to the end. */
    private static final int TRIES = 32;

    private final int[] second = new int[1 << 16];

    /** {@code parent << 32 | base << 1 | whether a token ends here}. */
    private long[] cells = new long[1 << 10];

    private int[] tokens = new int[1 << 10];
    private final BitSet used = new BitSet();
    private int firstFree;

    /** Tokens {@code start} to {@code end} have the same first {@code depth} bytes: those of {@code cell}. */
    private record Node(int cell, int start, int end, int depth) {}

    /** The tokens {@code bytes[id]} for the given ids. */
    TokenTrie(byte[][] bytes, int[] ids) {
        List<Integer> sorted = new ArrayList<>(Arrays.stream(ids).boxed().toList());
        sorted.sort((a, b) -> Arrays.compareUnsigned(bytes[a], bytes[b]));
        used.set(0);
        tokens[0] = NO_TOKEN;
        Queue<Node> nodes = new ArrayDeque<>();
        for (int start = 0, end; start < sorted.size(); start = end) {
            byte[] first = bytes[sorted.get(start)];
            end = start + 1;
            while (end < sorted.size() && Arrays.equals(first, 0, 2, bytes[sorted.get(end)], 0, 2)) {
                end++;
            }
            int cell = used.nextClearBit(firstFree);
            take(cell);
            second[(first[0] & 0xFF) << 8 | (first[1] & 0xFF)] = cell;
            nodes.add(new Node(cell, start, end, 2));
        }
        while (!nodes.isEmpty()) {
            place(nodes.remove(), bytes, sorted, nodes);
        }
    }

    /** The longest token at {@code start} that ends at or before {@code limit}, or -1. */
    int longest(byte[] utf8, int start, int limit) {
        if (limit - start < 2) {
            return NO_TOKEN;
        }
        int node = second[(utf8[start] & 0xFF) << 8 | (utf8[start + 1] & 0xFF)];
        if (node == 0) {
            return NO_TOKEN;
        }
        long cell = cells[node];
        int longest = (cell & 1) == 0 ? 0 : node;
        for (int at = start + 2; at < limit; at++) {
            int child = (int) cell >>> 1;
            child += utf8[at] & 0xFF;
            if (child >= cells.length) {
                break;
            }
            cell = cells[child];
            if (cell >>> 32 != node) {
                break;
            }
            node = child;
            longest = (cell & 1) == 0 ? longest : node;
        }
        return tokens[longest];
    }

    /** The token whose bytes are exactly these, or -1. */
    int exact(byte[] utf8, int start, int limit, byte[][] bytes) {
        int longest = longest(utf8, start, limit);
        return longest >= 0 && bytes[longest].length == limit - start ? longest : NO_TOKEN;
    }

    /** Gives the node its token and finds a base at which the cells of all its children are free. */
    private void place(Node node, byte[][] bytes, List<Integer> sorted, Queue<Node> nodes) {
        int start = node.start;
        if (bytes[sorted.get(start)].length == node.depth) {
            tokens[node.cell] = sorted.get(start++);
            cells[node.cell] |= 1;
        }
        if (start == node.end) {
            // no cell names this one as its parent
            return;
        }
        int[] labels = labels(node, start, bytes, sorted);
        int base = base(labels);
        cells[node.cell] |= (long) base << 1;
        for (int label : labels) {
            int end = start;
            while (end < node.end && (bytes[sorted.get(end)][node.depth] & 0xFF) == label) {
                end++;
            }
            take(base + label);
            cells[base + label] |= (long) node.cell << 32;
            nodes.add(new Node(base + label, start, end, node.depth + 1));
            start = end;
        }
    }

    private static int[] labels(Node node, int start, byte[][] bytes, List<Integer> sorted) {
        return sorted.subList(start, node.end).stream()
                .mapToInt(id -> bytes[id][node.depth] & 0xFF)
                .distinct()
                .toArray();
    }

    private int base(int[] labels) {
        firstFree = used.nextClearBit(firstFree);
        int cell = used.nextClearBit(Math.max(firstFree, labels[0]));
        for (int tries = 0; tries < TRIES; tries++) {
            if (isFree(cell - labels[0], labels)) {
                return cell - labels[0];
            }
            cell = used.nextClearBit(cell + 1);
        }
        return used.length();
    }

    private boolean isFree(int base, int[] labels) {
        for (int label : labels) {
            if (used.get(base + label)) {
                return false;
            }
        }
        return true;
    }

    private void take(int cell) {
        if (cell >= MAX_CELLS) {
            throw new PolyglowException(
                    ErrorKind.DATA, "The tokens of this vocabulary have too many different beginnings.");
        }
        if (cell >= cells.length) {
            int capacity = Math.max(cell + 1, cells.length + (cells.length >> 1));
            cells = Arrays.copyOf(cells, capacity);
            tokens = Arrays.copyOf(tokens, capacity);
        }
        tokens[cell] = NO_TOKEN;
        used.set(cell);
    }
}
