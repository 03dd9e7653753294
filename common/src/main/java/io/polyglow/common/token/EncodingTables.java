package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.text.Utf8;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What encoding looks up, computed once from a {@link BpeModel} and shared by all threads. */
final class EncodingTables {
    static final int NO_TOKEN = -1;

    private final BpeModel model;
    private final byte[][] bytesOfId;
    private final int[] idOfByte = new int[256];
    private final boolean allBytes;
    private final Derivations derivations;
    private final TokenTrie reachable;
    private final @Nullable TokenTrie others;

    /** {@code shorter << 32 | length} of each token: what encoding asks for one after the other. */
    private final long[] shorterAndLength;

    EncodingTables(BpeModel model) {
        this.model = model;
        bytesOfId = bytesOfIds(model);
        boolean[] isText = textTokens();
        allBytes = fillBytes(isText);
        derivations = new Derivations(model.merges(), mergedIds(model), bytesOfId, idOfByte);
        reachable = new TokenTrie(bytesOfId, longTokens(isText, true));
        int[] unmerged = model.wholePieceFirst() ? longTokens(isText, false) : new int[0];
        others = unmerged.length == 0 ? null : new TokenTrie(bytesOfId, unmerged);
        shorterAndLength = shorterAndLength();
    }

    int size() {
        return bytesOfId.length;
    }

    /** The bytes of a token; not to be changed. */
    byte[] bytes(int id) {
        return bytesOfId[id];
    }

    /** Whether the text goes on with this token. */
    boolean isAt(int id, byte[] utf8, int at, int limit) {
        int length = length(id);
        return limit - at >= length && Arrays.equals(utf8, at, at + length, bytesOfId[id], 0, length);
    }

    int length(int id) {
        return (int) shorterAndLength[id];
    }

    Derivations derivations() {
        return derivations;
    }

    /** The token that takes a whole pre-token without merging and that merging would not make, or {@link #NO_TOKEN}. */
    int unmergedWhole(byte[] utf8, int start, int limit) {
        return others == null ? NO_TOKEN : others.exact(utf8, start, limit, bytesOfId);
    }

    /** The longest reachable token at {@code start}, or {@link #NO_TOKEN} where the vocabulary lacks the byte. */
    int longest(byte[] utf8, int start, int limit) {
        int longest = reachable.longest(utf8, start, limit);
        return longest >= 0 ? longest : idOfByte[utf8[start] & 0xFF];
    }

    /** The longest reachable token that the given one properly begins with, or {@link #NO_TOKEN}. */
    int shorter(int id) {
        return (int) (shorterAndLength[id] >> 32);
    }

    int idOfByte(byte b) {
        return idOfByte[b & 0xFF];
    }

    /** Refuses a piece with a byte that the vocabulary lacks. */
    void requireKnown(byte[] utf8, int start, int end) {
        for (int at = start; at < end && !allBytes; at++) {
            if (idOfByte[utf8[at] & 0xFF] < 0) {
                throw unknown(utf8, at, start);
            }
        }
    }

    private PolyglowException unknown(byte[] utf8, int at, int pieceStart) {
        int start = model.pattern().equals(PreTokenPattern.CHAR) ? pieceStart : at;
        int decoded = Utf8.decode(utf8, start, utf8.length);
        String what = decoded == Utf8.INVALID
                ? String.format(Locale.ROOT, "byte 0x%02X", utf8[at])
                : String.format(Locale.ROOT, "character U+%04X (%s)", decoded >>> 3, Character.toString(decoded >>> 3));
        return new PolyglowException(
                ErrorKind.DATA,
                "The " + what + " at byte " + at + " of the text is not in the closed vocabulary of this tokenizer ("
                        + size()
                        + " tokens, no byte fallback). Remove it from the text, or train a tokenizer with byte"
                        + " fallback.");
    }

    private static byte[][] bytesOfIds(BpeModel model) {
        byte[][] bytes = new byte[model.size()][];
        for (int id = 0; id < model.vocabulary().size(); id++) {
            bytes[id] = ByteAlphabet.bytesOrUtf8(model.vocabulary().get(id));
        }
        for (AddedToken token : model.addedTokens()) {
            bytes[token.id()] = ByteAlphabet.utf8(token.content());
        }
        return bytes;
    }

    /** Ids that stand for bytes of text: not added tokens, nor those that are not written in the byte alphabet. */
    private boolean[] textTokens() {
        boolean[] isText = new boolean[size()];
        for (int id = 0; id < model.vocabulary().size(); id++) {
            isText[id] = ByteAlphabet.decode(model.vocabulary().get(id)) != null;
        }
        model.addedTokens().forEach(token -> isText[token.id()] = false);
        return isText;
    }

    private boolean fillBytes(boolean[] isText) {
        Arrays.fill(idOfByte, NO_TOKEN);
        for (int id = 0; id < size(); id++) {
            if (isText[id] && bytesOfId[id].length == 1) {
                idOfByte[bytesOfId[id][0] & 0xFF] = id;
            }
        }
        return Arrays.stream(idOfByte).allMatch(id -> id >= 0);
    }

    /** Tokens of two bytes or more that merging makes, or else those that it does not. */
    private int[] longTokens(boolean[] isText, boolean reachable) {
        return IntStream.range(0, size())
                .filter(id -> bytesOfId[id].length > 1 && derivations.isReachable(id) == reachable)
                .filter(id -> reachable || isText[id])
                .toArray();
    }

    private long[] shorterAndLength() {
        long[] result = new long[size()];
        for (int id = 0; id < size(); id++) {
            byte[] bytes = bytesOfId[id];
            boolean hasShorter = bytes.length > 1 && derivations.isReachable(id);
            long shorter = hasShorter ? longest(bytes, 0, bytes.length - 1) : NO_TOKEN;
            result[id] = shorter << 32 | bytes.length;
        }
        return result;
    }

    private static int[] mergedIds(BpeModel model) {
        List<String> vocabulary = model.vocabulary();
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            ids.put(vocabulary.get(id), id);
        }
        IntPairs pairs = model.merges();
        int[] merged = new int[pairs.size()];
        for (int rank = 0; rank < merged.length; rank++) {
            @Nullable Integer id = ids.get(vocabulary.get(pairs.left(rank)) + vocabulary.get(pairs.right(rank)));
            merged[rank] = Objects.requireNonNull(id);
        }
        return merged;
    }
}
