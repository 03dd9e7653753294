package io.polyglow.dataprep.tokenize;

import io.polyglow.common.token.PieceTrie;
import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/**
 * All ways to write a word in pieces, with their log-probabilities: what is expected of each piece (forward-backward), and the best way (Viterbi). {@link StrictMath}
 * throughout, so that every machine gets the same bits. Every byte must be a piece, so that there always is a way. For one thread.
 */
final class PieceLattice {
    private static final int NONE = -1;

    private final PieceTrie trie;
    private final double[] scores;
    private final IntArrayList from = new IntArrayList();
    private final IntArrayList to = new IntArrayList();
    private final IntArrayList id = new IntArrayList();
    private double[] forward = {};
    private double[] backward = {};
    private int[] link = {};

    PieceLattice(PieceTrie trie, double[] scores) {
        this.trie = trie;
        this.scores = scores;
    }

    /** Adds {@code weight} times the expected number of each piece to {@code counts}; the word's log-likelihood is the answer. */
    double expect(byte[] text, int start, int end, double weight, double[] counts) {
        int length = end - start;
        edges(text, start, length);
        Arrays.fill(forward, 0, length + 1, Double.NEGATIVE_INFINITY);
        Arrays.fill(backward, 0, length + 1, Double.NEGATIVE_INFINITY);
        forward[0] = 0;
        backward[length] = 0;
        for (int i = 0; i < id.size(); i++) {
            int at = to.getInt(i);
            forward[at] = addLogs(forward[at], forward[from.getInt(i)] + scores[id.getInt(i)]);
        }
        for (int i = id.size() - 1; i >= 0; i--) {
            int at = from.getInt(i);
            backward[at] = addLogs(backward[at], backward[to.getInt(i)] + scores[id.getInt(i)]);
        }
        double total = forward[length];
        for (int i = 0; i < id.size(); i++) {
            double log = forward[from.getInt(i)] + scores[id.getInt(i)] + backward[to.getInt(i)] - total;
            counts[id.getInt(i)] += weight * StrictMath.exp(log);
        }
        return total;
    }

    /** Appends the pieces of the best way, last one first; {@code forbidden} may not be used (-1: none). Its score is the answer, minus infinity when there is no way. */
    double best(byte[] text, int start, int end, int forbidden, IntArrayList pieces) {
        int length = end - start;
        edges(text, start, length);
        Arrays.fill(forward, 0, length + 1, Double.NEGATIVE_INFINITY);
        forward[0] = 0;
        for (int i = 0; i < id.size(); i++) {
            double score = forward[from.getInt(i)] + scores[id.getInt(i)];
            if (score > forward[to.getInt(i)] && id.getInt(i) != forbidden) {
                forward[to.getInt(i)] = score;
                link[to.getInt(i)] = i;
            }
        }
        if (forward[length] == Double.NEGATIVE_INFINITY) {
            return forward[length];
        }
        for (int at = length; at > 0; at = from.getInt(link[at])) {
            pieces.addInt(id.getInt(link[at]));
        }
        return forward[length];
    }

    /** Pieces that begin at a place that can be reached, in order of their start. */
    private void edges(byte[] text, int start, int length) {
        from.clear();
        to.clear();
        id.clear();
        grow(length + 1);
        for (int at = 0; at < length; at++) {
            int node = trie.root();
            for (int i = at; i < length; i++) {
                node = trie.child(node, text[start + i]);
                if (node == PieceTrie.NONE) {
                    break;
                }
                if (trie.id(node) != PieceTrie.NONE) {
                    from.addInt(at);
                    to.addInt(i + 1);
                    id.addInt(trie.id(node));
                }
            }
        }
    }

    private void grow(int length) {
        if (forward.length < length) {
            forward = new double[2 * length];
            backward = new double[2 * length];
            link = new int[2 * length];
        }
        Arrays.fill(link, 0, length, NONE);
    }

    private static double addLogs(double a, double b) {
        double high = Math.max(a, b);
        double low = Math.min(a, b);
        return low < high - 50 ? high : high + StrictMath.log1p(StrictMath.exp(low - high));
    }
}
