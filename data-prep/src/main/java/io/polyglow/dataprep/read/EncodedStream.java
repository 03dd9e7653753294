package io.polyglow.dataprep.read;

import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * A file of lines or records with its charset, which its first bytes tell for all of it: a charset guessed from one line is wrong too often. Readers find line ends, delimiters and
 * quotes as bytes, and decode what lies between.
 *
 * @param in from the first byte on; UTF-8 when {@code stored} is a charset in which those are no single bytes
 * @param stored charset of the file
 */
public record EncodedStream(InputStream in, Charset stored) {
    /** Enough that a table whose first lines are plain ASCII is told from UTF-8. */
    private static final int SAMPLE_BYTES = 1 << 18;

    private static final int MARK_BYTES = 4;

    /** Of decompressed bytes. JSON is UTF-8 (RFC 8259) unless a byte order mark says otherwise. */
    public static EncodedStream of(Format format, InputStream in) {
        boolean isJson = format == Format.JSONL;
        SampledStream whole = new SampledStream(in, isJson ? MARK_BYTES : SAMPLE_BYTES);
        byte[] sample = whole.sample();
        Charset marked = TextDecoder.byteOrderMark(sample);
        Charset stored = marked != null ? marked : isJson ? StandardCharsets.UTF_8 : charset(sample);
        return new EncodedStream(isFramedByBytes(stored) ? whole : new Utf8Stream(whole, stored), stored);
    }

    private static Charset charset(byte[] sample) {
        return TextDecoder.charsetOfLines(sample, sample.length < SAMPLE_BYTES);
    }

    /** What lines of {@link #in} are decoded by. */
    public Charset charset() {
        return isFramedByBytes(stored) ? stored : StandardCharsets.UTF_8;
    }

    /** Whether line ends can be found from anywhere in the file. */
    public boolean isCuttable() {
        return isFramedByBytes(stored);
    }

    private static boolean isFramedByBytes(Charset charset) {
        String name = charset.name();
        return !name.startsWith("UTF-16") && !name.startsWith("UTF-32") && !name.startsWith("ISO-2022");
    }
}
