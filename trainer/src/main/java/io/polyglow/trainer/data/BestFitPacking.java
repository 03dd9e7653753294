package io.polyglow.trainer.data;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.agrona.collections.IntArrayList;

/**
 * Documents packed into bins of at most {@code capacity} tokens so that as few as possible are cut: best-fit-decreasing (Ding et al. 2024, "Fewer Truncations
 * Improve Language Modeling", arXiv 2404.10830). Only a document longer than a bin is cut: into full fragments, each a bin of its own, and a tail that is packed
 * like a short document. A pure function of the lengths.
 *
 * <p>Time: O(documents * (1 + capacity / 64)), in practice a few steps a document. Memory: 4 bytes a document and 4 a bin; three times as much while it packs.
 */
final class BestFitPacking {
    private final int stride;
    private final IntUnaryOperator length;
    private final int[] fullDocuments;
    private final int[] fullFragments;
    private final int[] binStarts;
    private final int[] tails;

    private BestFitPacking(
            int stride, IntUnaryOperator length, IntArrayList fullDocuments, IntArrayList fullFragments, Bins bins) {
        this.stride = stride;
        this.length = length;
        this.fullDocuments = fullDocuments.toIntArray();
        this.fullFragments = fullFragments.toIntArray();
        this.binStarts = bins.starts();
        this.tails = bins.documents(binStarts);
    }

    /**
     * Packs documents {@code [0, documents)}.
     *
     * @param length tokens of a document
     * @param overlap how many tokens a fragment repeats of the one before; documents no longer than this are left out
     */
    static BestFitPacking of(int documents, IntUnaryOperator length, int capacity, int overlap) {
        int stride = capacity - overlap;
        IntArrayList fullDocuments = new IntArrayList();
        IntArrayList fullFragments = new IntArrayList();
        int[] first = new int[capacity + 2];
        for (int d = 0; d < documents; d++) {
            int fragments = fragments(length.applyAsInt(d), stride, overlap);
            for (int fragment = 0; fragment < fragments - 1; fragment++) {
                fullDocuments.addInt(d);
                fullFragments.addInt(fragment);
            }
            if (fragments > 0) {
                first[capacity - tail(length.applyAsInt(d), stride, fragments) + 1]++;
            }
        }
        for (int shorter = 1; shorter < first.length; shorter++) {
            first[shorter] += first[shorter - 1];
        }
        Bins bins = new Bins(capacity, first[capacity + 1]);
        int[] longestFirst = new int[first[capacity + 1]];
        for (int d = 0; d < documents; d++) {
            int fragments = fragments(length.applyAsInt(d), stride, overlap);
            if (fragments > 0) {
                longestFirst[first[capacity - tail(length.applyAsInt(d), stride, fragments)]++] = d;
            }
        }
        for (int d : longestFirst) {
            int tokens = length.applyAsInt(d);
            bins.put(d, tail(tokens, stride, fragments(tokens, stride, overlap)));
        }
        return new BestFitPacking(stride, length, fullDocuments, fullFragments, bins);
    }

    private static int fragments(int tokens, int stride, int overlap) {
        return Math.max(0, (tokens - overlap + stride - 1) / stride);
    }

    private static int tail(int tokens, int stride, int fragments) {
        return tokens - (fragments - 1) * stride;
    }

    /** Number of bins. */
    int bins() {
        return fullDocuments.length + binStarts.length - 1;
    }

    /** Number of pieces in a bin. */
    int pieces(int bin) {
        int packed = bin - fullDocuments.length;
        return packed < 0 ? 1 : binStarts[packed + 1] - binStarts[packed];
    }

    /** The document that a piece of a bin belongs to. */
    int document(int bin, int piece) {
        int packed = bin - fullDocuments.length;
        return packed < 0 ? fullDocuments[bin] : tails[binStarts[packed] + piece];
    }

    /** First token of a piece within its document. */
    int offset(int bin, int piece, int overlap) {
        if (bin < fullDocuments.length) {
            return fullFragments[bin] * stride;
        }
        int tokens = length.applyAsInt(document(bin, piece));
        return (fragments(tokens, stride, overlap) - 1) * stride;
    }

    /** Bins being filled, found by the room that is left in them. */
    private static final class Bins {
        private final int[] documents;
        private final int[] binOf;
        private final int[] newestWithRoom;
        private final IntArrayList olderWithRoom = new IntArrayList();
        private final long[] rooms;
        private int placed;

        Bins(int capacity, int documents) {
            this.documents = new int[documents];
            this.binOf = new int[documents];
            this.newestWithRoom = new int[capacity + 1];
            Arrays.fill(newestWithRoom, -1);
            this.rooms = new long[capacity / Long.SIZE + 1];
        }

        /** Into the fullest bin that it fits in, else into a new one. */
        void put(int document, int tokens) {
            int room = smallestRoom(tokens);
            int bin;
            if (room < 0) {
                bin = olderWithRoom.size();
                olderWithRoom.addInt(-1);
                room = newestWithRoom.length - 1;
            } else {
                bin = newestWithRoom[room];
                newestWithRoom[room] = olderWithRoom.getInt(bin);
                if (newestWithRoom[room] < 0) {
                    rooms[room / Long.SIZE] &= ~(1L << room);
                }
            }
            documents[placed] = document;
            binOf[placed++] = bin;
            keep(bin, room - tokens);
        }

        private void keep(int bin, int room) {
            if (room > 0) {
                olderWithRoom.setInt(bin, newestWithRoom[room]);
                newestWithRoom[room] = bin;
                rooms[room / Long.SIZE] |= 1L << room;
            }
        }

        private int smallestRoom(int atLeast) {
            long word = rooms[atLeast / Long.SIZE] & -1L << atLeast;
            for (int i = atLeast / Long.SIZE; ; word = rooms[i]) {
                if (word != 0) {
                    return i * Long.SIZE + Long.numberOfTrailingZeros(word);
                }
                if (++i == rooms.length) {
                    return -1;
                }
            }
        }

        /** Where the documents of each bin begin, when they are sorted by bin. */
        int[] starts() {
            int[] starts = new int[olderWithRoom.size() + 1];
            for (int bin : binOf) {
                starts[bin + 1]++;
            }
            for (int bin = 0; bin < olderWithRoom.size(); bin++) {
                starts[bin + 1] += starts[bin];
            }
            return starts;
        }

        /** The documents sorted by bin, the longest of each first. */
        int[] documents(int[] starts) {
            int[] next = starts.clone();
            int[] sorted = new int[documents.length];
            for (int i = 0; i < documents.length; i++) {
                sorted[next[binOf[i]]++] = documents[i];
            }
            return sorted;
        }
    }
}
