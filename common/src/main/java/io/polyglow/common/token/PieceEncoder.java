package io.polyglow.common.token;

import java.util.Arrays;
import org.agrona.collections.IntArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Encodes pre-tokens: those seen lately from a cache, others by the longest token that fits, going back where that leads nowhere (the backtracking encoder
 * of github/rust-gems, {@code crates/bpe}). A place in the piece has one possible token before it, so it is left for good after one failure, and the time is
 * linear in the piece: places times the tokens that begin at one of them. Memory beyond the ids: one bit for each byte of the piece.
 *
 * <p>Scratch memory for one thread.
 */
final class PieceEncoder {
    private static final int BATCH = 256;
    private static final int ANSWER_BITS = 13;
    private static final int NO_TOKEN = EncodingTables.NO_TOKEN;

    private final EncodingTables tables;
    private final PreTokenRule rule;
    private final Derivations derivations;
    private final @Nullable PieceMerger merger;
    private final PieceCache cache = new PieceCache();
    private final long[] answers = new long[1 << ANSWER_BITS];
    private final int[] ends = new int[BATCH];
    private long[] dead = new long[1];

    // the piece that is encoded anew
    private int pieceStart;
    private int firstId;

    PieceEncoder(EncodingTables tables, PreTokenRule rule) {
        this.tables = tables;
        this.rule = rule;
        this.derivations = tables.derivations();
        this.merger = derivations.newMerger();
    }

    /** Appends the ids of {@code utf8[offset, limit)}. */
    void encode(byte[] utf8, int offset, int limit, IntArrayList out) {
        if (rule instanceof PreTokenPattern pattern) {
            encodeScanned(pattern, utf8, offset, limit, out);
        } else {
            encodePieces(((PreTokenSteps) rule).cut(utf8, offset, limit), out);
        }
    }

    private void encodePieces(Pieces pieces, IntArrayList out) {
        for (int i = 0, start = 0; i < pieces.count(); start = pieces.end(i), i++) {
            encodePiece(pieces.text(), start, pieces.end(i), out);
        }
    }

    private void encodeScanned(PreTokenPattern pattern, byte[] utf8, int offset, int limit, IntArrayList out) {
        for (int start = offset; start < limit; ) {
            int count = pattern.scan(utf8, start, limit, ends);
            for (int i = 0; i < count; i++) {
                encodePiece(utf8, start, ends[i], out);
                start = ends[i];
            }
        }
    }

    private void encodePiece(byte[] utf8, int start, int end, IntArrayList out) {
        int n = end - start;
        if (n == 1) {
            int id = tables.idOfByte(utf8[start]);
            if (id < 0) {
                tables.requireKnown(utf8, start, end);
            }
            out.addInt(id);
        } else if (n > PieceCache.MAX_BYTES) {
            encodeAnew(utf8, start, end, out);
        } else if (!cache.appendIfKnown(utf8, start, end, out)) {
            int first = out.size();
            encodeAnew(utf8, start, end, out);
            cache.put(out, first);
        }
    }

    private void encodeAnew(byte[] utf8, int start, int end, IntArrayList out) {
        int whole = tables.unmergedWhole(utf8, start, end);
        if (whole >= 0) {
            out.addInt(whole);
            return;
        }
        tables.requireKnown(utf8, start, end);
        clearDead(end - start);
        pieceStart = start;
        firstId = out.size();
        int at = start;
        int token = fitting(at, NO_TOKEN, tables.longest(utf8, at, end));
        while (true) {
            if (token >= 0) {
                out.addInt(token);
                at += tables.length(token);
                if (at == end) {
                    return;
                }
                token = next(utf8, at, end, out);
            } else {
                markDead(at);
                int last = out.popInt();
                at -= tables.length(last);
                token = insteadOf(last, utf8, at, end, out);
            }
        }
    }

    /** The token to try first at {@code at}. Any order finds the same ids; a run of one character is done soonest by more of the same. */
    private int next(byte[] utf8, int at, int end, IntArrayList out) {
        int previous = out.getInt(out.size() - 1);
        boolean more = isRepeating(out) && tables.isAt(previous, utf8, at, end) && fits(at, previous, previous);
        return more ? previous : fitting(at, previous, tables.longest(utf8, at, end));
    }

    /** The token to try at {@code at} when {@code last} has led nowhere. */
    private int insteadOf(int last, byte[] utf8, int at, int end, IntArrayList out) {
        int previous = out.size() > firstId ? out.getInt(out.size() - 1) : NO_TOKEN;
        boolean longerUntried = previous == last && isRepeating(out);
        return fitting(at, previous, longerUntried ? tables.longest(utf8, at, end) : tables.shorter(last));
    }

    private boolean isRepeating(IntArrayList out) {
        int size = out.size();
        return size >= firstId + 2 && out.getInt(size - 1) == out.getInt(size - 2);
    }

    /** The longest of {@code token} and the tokens that it begins with that fits. */
    private int fitting(int at, int previous, int token) {
        int fitting = token;
        while (fitting >= 0 && !fits(at, previous, fitting)) {
            fitting = tables.shorter(fitting);
        }
        return fitting;
    }

    /** Whether the token may stand after {@code previous} and does not end at a dead place. */
    private boolean fits(int at, int previous, int token) {
        return !isDead(at + tables.length(token)) && (previous < 0 || areStable(previous, token));
    }

    /** Asks each pair once in a while: an entry is the pair's number, plus one, and the answer. */
    private boolean areStable(int previous, int token) {
        long pair = ((long) previous << 31 | token) + 1;
        int slot = (int) ((pair * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - ANSWER_BITS));
        long answer = answers[slot];
        if (answer >>> 1 == pair) {
            return (answer & 1) != 0;
        }
        boolean stable = derivations.areStable(previous, token, merger);
        answers[slot] = pair << 1 | (stable ? 1 : 0);
        return stable;
    }

    private void clearDead(int length) {
        int words = (length >> 6) + 1;
        if (dead.length < words) {
            dead = new long[words];
        } else {
            Arrays.fill(dead, 0, words, 0);
        }
    }

    private boolean isDead(int at) {
        int place = at - pieceStart;
        return (dead[place >> 6] & 1L << place) != 0;
    }

    private void markDead(int at) {
        int place = at - pieceStart;
        dead[place >> 6] |= 1L << place;
    }
}
