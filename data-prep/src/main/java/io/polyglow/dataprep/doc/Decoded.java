package io.polyglow.dataprep.doc;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Bytes read as characters, leniently: each malformed sequence, as the JDK's decoder finds them, becomes U+FFFD; byte order marks and NUL characters go. The
 * text is therefore always valid Unicode without NUL.
 *
 * @param repairs number of malformed sequences, of NULs, and of byte order marks inside the text; one at the start is no fault
 * @param mojibakeRepairs lines that had been decoded with a wrong charset and were put right
 */
public record Decoded(String text, int repairs, int mojibakeRepairs) {
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** Decodes {@code bytes[offset, offset + length)} as UTF-8. */
    public static Decoded utf8(byte[] bytes, int offset, int length) {
        return of(StandardCharsets.UTF_8, bytes, offset, length);
    }

    /** Decodes {@code bytes[offset, offset + length)}. */
    public static Decoded of(Charset charset, byte[] bytes, int offset, int length) {
        CharsetDecoder decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        // one more for each replacement that stands for less than a character would
        CharBuffer out = CharBuffer.allocate(
                Math.toIntExact((long) Math.ceil(length * (double) Math.max(1, decoder.maxCharsPerByte())) + 2));
        int repairs = 0;
        for (CoderResult result = decoder.decode(in, out, true);
                result.isError();
                result = decoder.decode(in, out, true)) {
            in.position(in.position() + result.length());
            out.put('\uFFFD');
            repairs++;
        }
        decoder.flush(out);
        return of(out.flip().toString(), repairs);
    }

    /** A text that is already characters; unpaired surrogates count as malformed. */
    public static Decoded chars(String text) {
        return of(text, 0);
    }

    /** The same document with its mojibake repaired, see {@link Mojibake}. */
    public Decoded withoutMojibake() {
        return Mojibake.repair(this);
    }

    /** The same text, after {@code more} repairs that were made before. */
    public Decoded withRepairs(int more) {
        return new Decoded(text, repairs + more, mojibakeRepairs);
    }

    private static Decoded of(String text, int repairs) {
        int start = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
        int firstBad = firstBad(text, start);
        if (firstBad == text.length()) {
            return new Decoded(text.substring(start), repairs, 0);
        }
        StringBuilder out = new StringBuilder(text.length()).append(text, start, firstBad);
        for (int i = firstBad; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isLoneSurrogate(text, i)) {
                out.append('\uFFFD');
            } else if (c != 0 && c != BYTE_ORDER_MARK) {
                out.append(c);
            }
            repairs += isBad(text, i) ? 1 : 0;
        }
        return new Decoded(out.toString(), repairs, 0);
    }

    private static int firstBad(String text, int start) {
        int i = start;
        while (i < text.length() && !isBad(text, i)) {
            i++;
        }
        return i;
    }

    private static boolean isBad(String text, int i) {
        char c = text.charAt(i);
        return c == 0 || c == BYTE_ORDER_MARK || isLoneSurrogate(text, i);
    }

    private static boolean isLoneSurrogate(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }
}
