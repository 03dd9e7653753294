package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.text.Utf8;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.agrona.collections.IntArrayList;

/** What becomes of text that a vocabulary lacks: its bytes, if the vocabulary has all of them ({@code <0x00>} to {@code <0xFF>}), else the unknown token. */
final class Fallback {
    private static final int NONE = -1;

    private final int[] idOfByte;
    private final int unknownId;

    private Fallback(int[] idOfByte, int unknownId) {
        this.idOfByte = idOfByte;
        this.unknownId = unknownId;
    }

    /** {@code unknownId} is -1 when there is no such token: text that is lacking is then refused. */
    static Fallback of(List<String> vocabulary, boolean bytes, int unknownId) {
        int[] ids = new int[256];
        Arrays.fill(ids, NONE);
        for (int id = 0; bytes && id < vocabulary.size(); id++) {
            int value = byteOf(vocabulary.get(id));
            if (value >= 0) {
                ids[value] = id;
            }
        }
        return new Fallback(ids, unknownId);
    }

    /** The byte that a token such as {@code <0x0A>} stands for, or -1. */
    static int byteOf(String token) {
        if (token.length() != 6 || !token.startsWith("<0x") || !token.endsWith(">")) {
            return NONE;
        }
        int high = Character.digit(token.charAt(3), 16);
        int low = Character.digit(token.charAt(4), 16);
        return high < 0 || low < 0 || Character.isLowerCase(token.charAt(3)) || Character.isLowerCase(token.charAt(4))
                ? NONE
                : (high << 4) | low;
    }

    /** The unknown token's id, or -1. */
    int unknownId() {
        return unknownId;
    }

    /** Whether every byte of the range has a token. */
    boolean hasBytes(byte[] text, int start, int end) {
        for (int i = start; i < end; i++) {
            if (idOfByte[text[i] & 0xFF] == NONE) {
                return false;
            }
        }
        return true;
    }

    /** The token of a byte. */
    int idOf(byte value) {
        return idOfByte[value & 0xFF];
    }

    /** Appends what a run of lacking characters becomes. */
    void encode(byte[] text, int start, int end, IntArrayList ids) {
        if (!hasBytes(text, start, end)) {
            ids.addInt(requireUnknown(text, start));
            return;
        }
        for (int i = start; i < end; i++) {
            ids.addInt(idOf(text[i]));
        }
    }

    /** The unknown token. */
    int requireUnknown(byte[] text, int at) {
        if (unknownId >= 0) {
            return unknownId;
        }
        int decoded = Utf8.decode(text, at, text.length);
        throw new PolyglowException(
                ErrorKind.DATA,
                String.format(
                                Locale.ROOT,
                                decoded == Utf8.INVALID
                                        ? "The byte 0x%02X is not in the vocabulary of this tokenizer"
                                        : "The character U+%04X is not in the vocabulary of this tokenizer",
                                decoded == Utf8.INVALID ? text[at] & 0xFF : decoded >>> 3)
                        + ", which has no unknown token and no byte fallback. Remove it from the text, or use another tokenizer.");
    }
}
