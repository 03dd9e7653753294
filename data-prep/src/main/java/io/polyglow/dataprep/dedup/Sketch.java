package io.polyglow.dataprep.dedup;

/**
 * All that near-deduplication needs to know of a text.
 *
 * @param size number of distinct shingles; 0 for a text without words, which is like no other
 * @param fingerprint 16 bytes, equal exactly when two texts have the same shingles
 * @param signature see {@link MinHash#signature}; empty when there is no shingle
 * @param shingles see {@link Shingles#toBytes}
 */
@SuppressWarnings("ArrayRecordComponent") // a row on its way to a table: nobody compares it
public record Sketch(int size, byte[] fingerprint, byte[] signature, byte[] shingles) {}
