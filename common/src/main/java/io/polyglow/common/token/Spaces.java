package io.polyglow.common.token;

import io.polyglow.common.text.Utf8;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What normalisers and SentencePiece models do with spaces. U+2581 ({@code ▁}) stands for a space inside of their tokens. */
final class Spaces {
    static final String MARK = "\u2581";
    private static final byte[] MARK_BYTES = MARK.getBytes(StandardCharsets.UTF_8);

    private Spaces() {}

    /** Bytes of the mark. */
    static int markLength() {
        return MARK_BYTES.length;
    }

    static boolean isMark(byte[] utf8, int at, int limit) {
        return limit - at >= MARK_BYTES.length
                && utf8[at] == MARK_BYTES[0]
                && utf8[at + 1] == MARK_BYTES[1]
                && utf8[at + 2] == MARK_BYTES[2];
    }

    /** Every occurrence of {@code from}, left to right, becomes {@code to}. */
    static byte[] replace(byte[] utf8, byte[] from, byte[] to) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(utf8.length + utf8.length / 2);
        int copied = 0;
        for (int at = 0; at + from.length <= utf8.length; ) {
            if (utf8[at] == from[0] && Arrays.equals(utf8, at, at + from.length, from, 0, from.length)) {
                out.write(utf8, copied, at - copied);
                out.writeBytes(to);
                at += from.length;
                copied = at;
            } else {
                at++;
            }
        }
        out.write(utf8, copied, utf8.length - copied);
        return copied == 0 ? utf8 : out.toByteArray();
    }

    /** Every run of two spaces or more becomes {@code to}. */
    static byte[] replaceRuns(byte[] utf8, byte[] to) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(utf8.length);
        for (int at = 0; at < utf8.length; ) {
            int end = spacesEnd(utf8, at);
            if (end - at > 1) {
                out.writeBytes(to);
                at = end;
            } else {
                out.write(utf8[at++]);
            }
        }
        return out.toByteArray();
    }

    /** Without the spaces (U+0020 alone) at the start. */
    static byte[] trimStart(byte[] utf8) {
        return Arrays.copyOfRange(utf8, spacesEnd(utf8, 0), utf8.length);
    }

    /** Without the spaces at the end. */
    static byte[] trimEnd(byte[] utf8) {
        int end = utf8.length;
        while (end > 0 && utf8[end - 1] == ' ') {
            end--;
        }
        return Arrays.copyOf(utf8, end);
    }

    /** Without the spaces and marks at the end. */
    static byte[] trimMarksAtEnd(byte[] utf8) {
        int end = utf8.length;
        while (end > 0) {
            if (utf8[end - 1] == ' ') {
                end--;
            } else if (end >= MARK_BYTES.length && isMark(utf8, end - MARK_BYTES.length, end)) {
                end -= MARK_BYTES.length;
            } else {
                break;
            }
        }
        return Arrays.copyOf(utf8, end);
    }

    /** Without the white space of Unicode at the ends that are named. */
    static byte[] strip(byte[] utf8, boolean left, boolean right) {
        int start = 0;
        while (left && start < utf8.length && isWhiteSpace(utf8, start)) {
            start += Utf8.length(utf8, start, utf8.length);
        }
        int end = start;
        for (int at = start; at < utf8.length; ) {
            int next = at + Utf8.length(utf8, at, utf8.length);
            end = !right || !isWhiteSpace(utf8, at) ? next : end;
            at = next;
        }
        return Arrays.copyOfRange(utf8, start, end);
    }

    static boolean isWhiteSpace(byte[] utf8, int at) {
        int decoded = Utf8.decode(utf8, at, utf8.length);
        return decoded != Utf8.INVALID && UnicodeTable.classOf(decoded >>> 3) == UnicodeTable.SPACE;
    }

    private static int spacesEnd(byte[] utf8, int start) {
        int end = start;
        while (end < utf8.length && utf8[end] == ' ') {
            end++;
        }
        return end;
    }
}
