package io.polyglow.common.token;

import io.polyglow.common.text.Utf8;
import java.util.Arrays;
import java.util.function.IntPredicate;
import org.agrona.collections.IntArrayList;

/**
 * The unigram language model (Kudo 2018): of all ways to write a pre-token in tokens, the one whose scores (log-probabilities) add up highest, found by
 * Viterbi's algorithm in time linear in the text. Equal sums and unknown characters are decided as in Hugging Face tokenizers ({@code models/unigram/model.rs},
 * {@code encode_optimized}), so ids are equal.
 */
final class Unigram implements SubwordModel {
    private static final double UNKNOWN_PENALTY = 10;

    private final PieceTrie trie = new PieceTrie();
    private final double[] scores;
    private final double unknownScore;
    private final Fallback fallback;
    private final boolean byteUnits;
    private final boolean crossesWords;

    /**
     * A model over the bytes of its tokens; {@code reserved} are ids that no text may produce.
     *
     * @param byteUnits whether a lacking byte, not a lacking character, is what an unknown token stands for
     */
    Unigram(byte[][] tokens, double[] scores, IntPredicate reserved, Fallback fallback, boolean byteUnits) {
        this.scores = scores;
        this.fallback = fallback;
        this.byteUnits = byteUnits;
        unknownScore = Arrays.stream(scores).min().orElse(0) - UNKNOWN_PENALTY;
        boolean crosses = false;
        for (int id = 0; id < tokens.length; id++) {
            if (!reserved.test(id)) {
                trie.put(tokens[id], id);
                crosses |= crosses(tokens[id]);
            }
        }
        crossesWords = crosses || !hasMark();
    }

    private static boolean crosses(byte[] token) {
        return PreTokenizer.WORDS.cut(token).count() > 1;
    }

    private boolean hasMark() {
        int node = trie.root();
        for (byte b : FallbackBpe.utf8(Spaces.MARK)) {
            node = node == PieceTrie.NONE ? node : trie.child(node, b);
        }
        return node != PieceTrie.NONE && trie.id(node) != PieceTrie.NONE;
    }

    @Override
    public boolean crossesWords() {
        return crossesWords;
    }

    @Override
    public Encoder encoder() {
        return new Lattice()::encode;
    }

    /** The best way to each place of one pre-token. */
    private final class Lattice {
        private double[] best = {0};
        private int[] from = {0};
        private int[] token = {0};

        void encode(byte[] text, int start, int end, IntArrayList ids) {
            int length = end - start;
            reset(length);
            for (int at = 0, step; at < length; at += step) {
                step = byteUnits ? 1 : Utf8.length(text, start + at, end);
                if (!extend(text, start, at, length, step)) {
                    offer(at, at + step, fallback.unknownId(), unknownScore);
                }
            }
            emit(text, start, length, ids);
        }

        private void reset(int length) {
            if (best.length <= length) {
                best = new double[length + 1 + (length >> 1)];
                from = new int[best.length];
                token = new int[best.length];
            }
            Arrays.fill(from, 0, length + 1, -1);
            best[0] = 0;
        }

        /** Tries every token that begins at {@code at}; whether one of them is just the first character. */
        private boolean extend(byte[] text, int start, int at, int length, int character) {
            boolean single = false;
            int node = trie.root();
            for (int i = at; i < length; i++) {
                node = trie.child(node, text[start + i]);
                if (node == PieceTrie.NONE) {
                    break;
                }
                int id = trie.id(node);
                if (id != PieceTrie.NONE) {
                    offer(at, i + 1, id, scores[id]);
                    single |= i + 1 - at == character;
                }
            }
            return single;
        }

        private void offer(int at, int end, int id, double score) {
            double sum = best[at] + score;
            if (from[end] < 0 || sum > best[end]) {
                best[end] = sum;
                from[end] = at;
                token[end] = id;
            }
        }

        /** Turns the links around, then writes from left to right; a run of unknown characters falls back as one. */
        private void emit(byte[] text, int start, int length, IntArrayList ids) {
            int next = -1;
            for (int at = length; at > 0; ) {
                int previous = from[at];
                from[at] = next;
                next = at;
                at = previous;
            }
            from[0] = next;
            for (int at = 0; from[at] > 0; ) {
                int end = from[at];
                int id = token[end];
                if (id != fallback.unknownId()) {
                    ids.addInt(id);
                } else {
                    while (end < length && token[from[end]] == id) {
                        end = from[end];
                    }
                    fallback.encode(text, start + at, start + end, ids);
                }
                at = end;
            }
        }
    }
}
