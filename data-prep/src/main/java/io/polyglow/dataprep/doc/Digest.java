package io.polyglow.dataprep.doc;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The hashes that documents are named, compared, ordered and split by. All are SHA-256, so they are the same everywhere and for ever. */
public final class Digest {
    private static final HexFormat HEX = HexFormat.of();
    private static final int ID_BYTES = 16;

    private Digest() {}

    /** The stable id of a document: 32 hex digits from where it stands, so that a re-run finds the same ids. */
    public static String documentId(String source, long position) {
        byte[] hash = sha256(source + '\0' + position);
        return HEX.formatHex(hash, 0, ID_BYTES);
    }

    /** SHA-256 of the UTF-8 bytes of a normalised text, as lower-case hex: equal exactly for exact duplicates. */
    public static String contentHash(String text) {
        return HEX.formatHex(sha256(text));
    }

    /** A reproducible 64-bit random number for a document and a purpose; independent between purposes and seeds. */
    public static long draw(long seed, String purpose, String id) {
        byte[] hash = sha256(seed + "\0" + purpose + '\0' + id);
        long bits = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            bits = (bits << 8) | (hash[i] & 0xff);
        }
        return bits;
    }

    /** {@link #draw} as a fraction in [0, 1). */
    public static double fraction(long seed, String purpose, String id) {
        return (draw(seed, purpose, id) >>> 11) * 0x1p-53;
    }

    private static byte[] sha256(String text) {
        return newSha256().digest(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A fresh SHA-256. */
    public static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
