package io.polyglow.common.token.shard;

import java.util.HexFormat;

/** The stable 128-bit id of a document, written as 32 lower-case hex digits. {@code high} holds the first 16. */
public record DocumentId(long high, long low) implements Comparable<DocumentId> {
    private static final int DIGITS = 16;

    /** Reads 32 hex digits; anything else is an {@link IllegalArgumentException}. */
    public static DocumentId parse(String hex) {
        if (hex.length() != 2 * DIGITS) {
            throw new IllegalArgumentException(
                    "\"" + hex + "\" is not the id of a document; an id has " + 2 * DIGITS + " hex digits");
        }
        return new DocumentId(
                HexFormat.fromHexDigitsToLong(hex, 0, DIGITS), HexFormat.fromHexDigitsToLong(hex, DIGITS, 2 * DIGITS));
    }

    @Override
    public int compareTo(DocumentId other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
