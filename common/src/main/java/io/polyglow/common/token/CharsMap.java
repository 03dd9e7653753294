package io.polyglow.common.token;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.text.Utf8;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Function;

/**
 * SentencePiece's precompiled normalisation rules, such as {@code nmt_nfkc}: at each place the longest rule that matches is applied, and what no rule matches is
 * copied (sentencepiece, {@code src/normalizer.cc}). Hugging Face's reader asks for whole grapheme clusters instead and so composes less: a half-width
 * katakana with its voicing mark stays two characters there.
 *
 * <pre>
 *   u32 length of the trie in bytes | the trie: units of a darts-clone double array, u32 little-endian | replacements, each ended by a NUL
 * </pre>
 */
final class CharsMap implements Normalizer {
    private final Function<String, PolyglowException> problem;
    private final int[] units;
    private final byte[] replacements;

    private CharsMap(Function<String, PolyglowException> problem, int[] units, byte[] replacements) {
        this.problem = problem;
        this.units = units;
        this.replacements = replacements;
    }

    /** Reads the rules; {@code problem} makes the error that says what is wrong with them, and where they stand. */
    static CharsMap parse(Function<String, PolyglowException> problem, byte[] blob) {
        ByteBuffer buffer = ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN);
        long trieBytes = blob.length < Integer.BYTES ? -1 : Integer.toUnsignedLong(buffer.getInt());
        if (trieBytes < Integer.BYTES || trieBytes % Integer.BYTES != 0 || trieBytes >= buffer.remaining()) {
            throw problem.apply(
                    "is damaged: its trie of " + trieBytes + " bytes does not fit its " + blob.length + " bytes.");
        }
        int[] units = new int[(int) trieBytes / Integer.BYTES];
        buffer.asIntBuffer().get(units);
        buffer.position(buffer.position() + (int) trieBytes);
        byte[] replacements = new byte[buffer.remaining()];
        buffer.get(replacements);
        return new CharsMap(problem, units, replacements);
    }

    @Override
    public byte[] normalize(byte[] utf8) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(utf8.length);
        for (int at = 0; at < utf8.length; ) {
            long rule = longestRule(utf8, at);
            if (rule < 0) {
                int length = Utf8.length(utf8, at, utf8.length);
                out.write(utf8, at, length);
                at += length;
            } else {
                writeReplacement((int) rule, out);
                at += (int) (rule >>> 32);
            }
        }
        return out.toByteArray();
    }

    /** {@code length << 32 | place of the replacement}, or -1. */
    private long longestRule(byte[] utf8, int start) {
        long longest = -1;
        int node = offset(unit(0));
        for (int at = start; at < utf8.length; at++) {
            int label = utf8[at] & 0xFF;
            node ^= label;
            int unit = unit(node);
            if ((unit & 0x800000FF) != label) {
                break;
            }
            node ^= offset(unit);
            if ((unit & (1 << 8)) != 0) {
                longest = (long) (at + 1 - start) << 32 | (unit(node) & Integer.MAX_VALUE);
            }
        }
        return longest;
    }

    private void writeReplacement(int start, ByteArrayOutputStream out) {
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        if (end >= replacements.length) {
            throw problem.apply("is damaged: a rule points to byte " + start + " of " + replacements.length + ".");
        }
        out.write(replacements, start, end - start);
    }

    private int unit(int node) {
        if (node < 0 || node >= units.length) {
            throw problem.apply("is damaged: its trie points to unit " + node + " of " + units.length + ".");
        }
        return units[node];
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
    }
}
