package io.polyglow.dataprep.doc;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/**
 * Bytes read as UTF-8, leniently: each malformed sequence, as the JDK's decoder finds them, becomes U+FFFD; a byte order mark at the
 * start and NUL characters go. The text is therefore always valid Unicode without NUL.
 *
 * @param repairs number of malformed sequences plus NULs
 */
public record Decoded(String text, int repairs) {
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** Decodes {@code bytes[offset, offset + length)}. */
    public static Decoded utf8(byte[] bytes, int offset, int length) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        CharBuffer out = CharBuffer.allocate(length);
        int repairs = 0;
        for (CoderResult result = decoder.decode(in, out, true);
                result.isError();
                result = decoder.decode(in, out, true)) {
            in.position(in.position() + result.length());
            out.put('\uFFFD');
            repairs++;
        }
        return of(out.flip().toString(), repairs);
    }

    /** A text that is already characters; unpaired surrogates count as malformed. */
    public static Decoded chars(String text) {
        return of(text, 0);
    }

    private static Decoded of(String text, int repairs) {
        int start = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
        int firstBad = firstBad(text, start);
        if (firstBad == text.length()) {
            return new Decoded(text.substring(start), repairs);
        }
        StringBuilder out = new StringBuilder(text.length()).append(text, start, firstBad);
        for (int i = firstBad; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != 0 && isLoneSurrogate(text, i)) {
                out.append('\uFFFD');
            } else if (c != 0) {
                out.append(c);
            }
            repairs += isBad(text, i) ? 1 : 0;
        }
        return new Decoded(out.toString(), repairs);
    }

    private static int firstBad(String text, int start) {
        int i = start;
        while (i < text.length() && !isBad(text, i)) {
            i++;
        }
        return i;
    }

    private static boolean isBad(String text, int i) {
        return text.charAt(i) == 0 || isLoneSurrogate(text, i);
    }

    private static boolean isLoneSurrogate(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }
}
