package io.polyglow.common.token;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which tokens can come out of merging, and which two can stand side by side. The encoding of a text is the one sequence of reachable tokens of which every
 * two neighbours {@linkplain #areStable may stand side by side}; for why, see {@code docs/design/tokenizer.md}. (The walk over the two derivations is that of
 * github/rust-gems, {@code crates/bpe}; this one also holds for lists in which a token can be made in several ways.)
 *
 * <p>Every token of a trained list is made of tokens that were made before. A list that is not like that (a pair merges earlier than what it is made of) is
 * decided by merging the two tokens' bytes: slower, still exact.
 */
final class Derivations {
    private static final int BYTE = -1;
    private static final int UNREACHABLE = Integer.MAX_VALUE;
    private static final int STRIDE = 4;
    private static final int LEFT = 1;
    private static final int RIGHT = 2;
    private static final byte[] EMPTY = {};

    private final MergeTable merges;
    private final byte[][] bytes;
    private final int[] idOfByte;

    /** For each token its rank, the token's two parts and a gap: one line of memory for one token. */
    private final int[] made;

    private final boolean ordered;

    /**
     * Derives every token.
     *
     * @param mergedIds the result of each pair
     * @param bytes of every id
     * @param idOfByte -1 for bytes that the vocabulary lacks
     */
    Derivations(IntPairs pairs, int[] mergedIds, byte[][] bytes, int[] idOfByte) {
        this.merges = MergeTable.of(pairs, mergedIds);
        this.bytes = bytes;
        this.idOfByte = idOfByte;
        made = new int[STRIDE * bytes.length];
        Arrays.fill(made, UNREACHABLE);
        for (int id : idOfByte) {
            if (id >= 0) {
                made[STRIDE * id] = BYTE;
            }
        }
        ordered = derive(pairs, mergedIds);
        if (!ordered) {
            mergeEveryToken();
        }
    }

    /** Whether the token can come out of merging; then its bytes alone are encoded as this one token. */
    boolean isReachable(int id) {
        return rank(id) != UNREACHABLE;
    }

    /** Whether every token is made of tokens that were made before. */
    boolean areOrdered() {
        return ordered;
    }

    /** Whether merge {@code index}, that of the given pair, is how its token is made; the others never happen. Only where tokens {@linkplain #areOrdered are ordered}. */
    boolean isDerivation(int leftId, int rightId, int index) {
        long merge = merges.find(leftId, rightId);
        return merge >>> 32 == index && rank((int) merge) == index;
    }

    /** The scratch memory that {@link #areStable} needs, one for each thread: none for a list where every token is made of tokens made before. */
    @Nullable
    PieceMerger newMerger() {
        return ordered ? null : new PieceMerger(merges);
    }

    /** Whether the bytes of two reachable tokens in a row are encoded as these two tokens. */
    boolean areStable(int first, int second, @Nullable PieceMerger merger) {
        if (merger != null) {
            return staysTwo(first, second, merger);
        }
        return merges.find(first, second) == MergeTable.NONE && areStableBefore(first, second);
    }

    /**
     * Walks back through the making of both tokens, the last merge first, and asks at each state whether the two symbols at the border would have merged
     * before that merge. A tie is won by the left one.
     */
    private boolean areStableBefore(int first, int second) {
        int a = first;
        int b = second;
        while (true) {
            int rankOfA = rank(a);
            int rankOfB = rank(b);
            int limit;
            if (rankOfA > rankOfB) {
                limit = rankOfA;
                a = made[STRIDE * a + RIGHT];
            } else if (rankOfB >= 0) {
                limit = rankOfB + 1;
                b = made[STRIDE * b + LEFT];
            } else {
                return true;
            }
            if ((merges.find(a, b) >>> 32) < limit) {
                return false;
            }
        }
    }

    private int rank(int id) {
        return made[STRIDE * id];
    }

    private boolean derive(IntPairs pairs, int[] mergedIds) {
        boolean[] tooEarly = new boolean[mergedIds.length];
        for (int i = 0; i < mergedIds.length; i++) {
            int l = pairs.left(i);
            int r = pairs.right(i);
            boolean counts = merges.find(l, r) >>> 32 == i;
            tooEarly[i] = counts && !(isReachable(l) && isReachable(r));
            if (counts && !tooEarly[i] && !isReachable(mergedIds[i]) && areStableBefore(l, r)) {
                int at = STRIDE * mergedIds[i];
                made[at] = i;
                made[at + LEFT] = l;
                made[at + RIGHT] = r;
            }
        }
        for (int i = 0; i < mergedIds.length; i++) {
            if (tooEarly[i] && isReachable(pairs.left(i)) && isReachable(pairs.right(i))) {
                return false;
            }
        }
        return true;
    }

    private void mergeEveryToken() {
        PieceMerger merger = new PieceMerger(merges);
        for (int id = 0; id < bytes.length; id++) {
            if (rank(id) != BYTE) {
                boolean reachable = bytes[id].length > 1 && fill(merger, bytes[id], EMPTY);
                reachable = reachable && merger.merge(bytes[id].length) == 1 && merger.symbols(1)[0] == id;
                made[STRIDE * id] = reachable ? 0 : UNREACHABLE;
            }
        }
    }

    private boolean staysTwo(int first, int second, PieceMerger merger) {
        int length = bytes[first].length + bytes[second].length;
        return fill(merger, bytes[first], bytes[second])
                && merger.merge(length) == 2
                && merger.symbols(2)[0] == first
                && merger.symbols(2)[1] == second;
    }

    private boolean fill(PieceMerger merger, byte[] first, byte[] second) {
        int[] symbols = merger.symbols(first.length + second.length);
        for (int i = 0; i < first.length + second.length; i++) {
            byte b = i < first.length ? first[i] : second[i - first.length];
            symbols[i] = idOfByte[b & 0xFF];
            if (symbols[i] < 0) {
                return false;
            }
        }
        return true;
    }
}
