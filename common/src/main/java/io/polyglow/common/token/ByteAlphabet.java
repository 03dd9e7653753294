package io.polyglow.common.token;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The 256 printable characters that stand for bytes in a byte-level {@code tokenizer.json} (Radford et al. 2019, GPT-2): printable Latin-1 stands for
 * itself, the other 68 bytes are U+0100 onward, in order; so a space is {@code Ġ}.
 */
public final class ByteAlphabet {
    private static final char[] SYMBOLS = symbols();
    private static final int[] BYTES = bytes();
    private static final int[] BY_SYMBOL = IntStream.range(0, 256)
            .boxed()
            .sorted((a, b) -> SYMBOLS[a] - SYMBOLS[b])
            .mapToInt(b -> b)
            .toArray();

    private ByteAlphabet() {}

    /** The 256 bytes, sorted by the character that stands for them: the order of their ids in a trained vocabulary. */
    public static int[] bytesInIdOrder() {
        return BY_SYMBOL.clone();
    }

    /** Bytes in the notation of {@code tokenizer.json}. */
    public static String encode(byte[] bytes) {
        char[] text = new char[bytes.length];
        for (int i = 0; i < text.length; i++) {
            text[i] = SYMBOLS[bytes[i] & 0xFF];
        }
        return new String(text);
    }

    /** The bytes of a token in the notation of {@code tokenizer.json}, or null when it has a character that stands for no byte. */
    static byte @Nullable [] decode(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            char symbol = token.charAt(i);
            if (symbol >= BYTES.length || BYTES[symbol] < 0) {
                return null;
            }
            bytes[i] = (byte) BYTES[symbol];
        }
        return bytes;
    }

    /** The bytes of a token; of one that is not in this alphabet, its UTF-8. */
    static byte[] bytesOrUtf8(String token) {
        byte @Nullable [] bytes = decode(token);
        return bytes == null ? utf8(token) : bytes;
    }

    static byte[] utf8(String token) {
        return token.getBytes(StandardCharsets.UTF_8);
    }

    private static char[] symbols() {
        char[] symbols = new char[256];
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b > 0x20 && b < 0x7F) || (b > 0xA0 && b != 0xAD);
            symbols[b] = printable ? (char) b : next++;
        }
        return symbols;
    }

    private static int[] bytes() {
        int[] bytes = new int[256 + 68];
        Arrays.fill(bytes, -1);
        for (int b = 0; b < 256; b++) {
            bytes[SYMBOLS[b]] = b;
        }
        return bytes;
    }
}
