package io.polyglow.common.token;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Letters, numbers and white space of one Unicode version, carried as a resource. Neither the JDK's tables (JDK 17 disagrees with Unicode 16 on
 * 9,787 letters) nor a library's version can then change how a text is cut. Two-level table of 256 code points a page; equal pages are one.
 */
public final class UnicodeTable {
    /** The Unicode version of the table; token shards carry it. */
    public static final String VERSION = "16.0.0";

    /** Everything else, and bytes that are not UTF-8. */
    static final byte OTHER = 0;

    /** {@code \p{L}}. */
    static final byte LETTER = 1;

    /** {@code \p{N}}. */
    static final byte NUMBER = 2;

    /** {@code \s}: the Unicode property White_Space. */
    static final byte SPACE = 3;

    /** Names of the classes in the resource, by value. */
    static final String NAMES = "OLNS";

    static final String RESOURCE = "unicode-" + VERSION + ".txt";

    private static final int PAGE_BITS = 8;
    private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;
    private static final byte[][] PAGES = pages();

    private UnicodeTable() {}

    /** The class of a code point in {@code [0, 0x10FFFF]}, one of the constants above. */
    static byte classOf(int codePoint) {
        return PAGES[codePoint >>> PAGE_BITS][codePoint & PAGE_MASK];
    }

    private static byte[][] pages() {
        byte[] flat = new byte[Character.MAX_CODE_POINT + 1];
        try (BufferedReader lines = open()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                fill(flat, line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return share(flat);
    }

    private static BufferedReader open() {
        InputStream in = UnicodeTable.class.getResourceAsStream(RESOURCE);
        if (in == null) {
            throw new IllegalStateException("the jar lacks its resource " + RESOURCE);
        }
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
    }

    /** A line is {@code N FIRST-LAST}, a class and two hexadecimal numbers, or a comment. */
    private static void fill(byte[] flat, String line) {
        if (line.startsWith("#")) {
            return;
        }
        int dash = line.indexOf('-');
        int first = Integer.parseInt(line, 2, dash, 16);
        int last = Integer.parseInt(line, dash + 1, line.length(), 16);
        Arrays.fill(flat, first, last + 1, (byte) NAMES.indexOf(line.charAt(0)));
    }

    private static byte[][] share(byte[] flat) {
        byte[][] pages = new byte[flat.length >>> PAGE_BITS][];
        Map<String, byte[]> distinct = new HashMap<>();
        for (int page = 0; page < pages.length; page++) {
            byte[] bytes = Arrays.copyOfRange(flat, page << PAGE_BITS, (page + 1) << PAGE_BITS);
            pages[page] = distinct.computeIfAbsent(new String(bytes, StandardCharsets.ISO_8859_1), key -> bytes);
        }
        return pages;
    }
}
