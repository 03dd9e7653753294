package io.polyglow.common.token;

import io.polyglow.common.text.Unicode;
import io.polyglow.common.text.Utf8;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Letters, marks, numbers and white space of one Unicode version, carried as a resource. Neither the JDK's tables (JDK 17 disagrees with Unicode 16 on
 * 9,787 letters) nor a library's version can then change how a text is cut. A class is one bit, so a set of classes is a mask. One byte per code point:
 * 1.1 MB, of which a text touches the few lines that its scripts need.
 */
public final class UnicodeTable {
    /** The Unicode version of the table; token shards carry it. */
    public static final String VERSION = Unicode.VERSION;

    /** {@code \p{Lu}} and {@code \p{Lt}}. */
    static final int UPPER = 1;

    /** {@code \p{Ll}}. */
    static final int LOWER = 1 << 1;

    /** {@code \p{Lm}} and {@code \p{Lo}}: letters that are neither upper nor lower case. */
    static final int CASELESS = 1 << 2;

    /** {@code \p{M}}. */
    static final int MARK = 1 << 3;

    /** {@code \p{N}}. */
    static final int NUMBER = 1 << 4;

    /** {@code \s}: the Unicode property White_Space. */
    static final int SPACE = 1 << 5;

    /** Everything else, and bytes that are not UTF-8. */
    static final int OTHER = 1 << 6;

    /** {@code \p{L}}. */
    static final int LETTER = UPPER | LOWER | CASELESS;

    /** {@code [^\s\p{L}\p{N}]}. */
    static final int SYMBOL = MARK | OTHER;

    /** Names of the classes in the resource, in the order of their bits. */
    static final String NAMES = "ULCMNSO";

    static final String RESOURCE = "unicode-" + VERSION + ".txt";

    private static final byte[] CLASSES = classes();

    private UnicodeTable() {}

    /** The class of a code point in {@code [0, 0x10FFFF]}, one of the bits above. */
    static int classOf(int codePoint) {
        return CLASSES[codePoint];
    }

    /** {@code length in bytes << 8 | class} of the character at {@code at}. */
    static int classAt(byte[] utf8, int at, int limit) {
        byte first = utf8[at];
        if (first >= 0) {
            return 1 << 8 | CLASSES[first];
        }
        int decoded = Utf8.decode(utf8, at, limit);
        return decoded == Utf8.INVALID ? 1 << 8 | OTHER : (decoded & 7) << 8 | CLASSES[decoded >>> 3];
    }

    /** The end of the run of characters of the given classes that starts at {@code at}, which may be empty. */
    static int runEnd(byte[] utf8, int at, int limit, int mask) {
        int end = at;
        while (end < limit) {
            int found = classAt(utf8, end, limit);
            if ((found & mask) == 0) {
                break;
            }
            end += found >>> 8;
        }
        return end;
    }

    private static byte[] classes() {
        byte[] classes = new byte[Character.MAX_CODE_POINT + 1];
        Arrays.fill(classes, (byte) OTHER);
        try (BufferedReader lines = open()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                fill(classes, line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return classes;
    }

    private static BufferedReader open() {
        InputStream in = UnicodeTable.class.getResourceAsStream(RESOURCE);
        if (in == null) {
            throw new IllegalStateException("the jar lacks its resource " + RESOURCE);
        }
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
    }

    /** A line is {@code N FIRST-LAST}, a class and two hexadecimal numbers, or a comment. */
    private static void fill(byte[] classes, String line) {
        if (line.startsWith("#")) {
            return;
        }
        int dash = line.indexOf('-');
        int first = Integer.parseInt(line, 2, dash, 16);
        int last = Integer.parseInt(line, dash + 1, line.length(), 16);
        Arrays.fill(classes, first, last + 1, (byte) (1 << NAMES.indexOf(line.charAt(0))));
    }
}
