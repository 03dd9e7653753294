package io.polyglow.dataprep.tokenize;

/** Takes rows of the (pre-token, count) table, in any order; a pre-token may come more than once, and its counts add up. */
@FunctionalInterface
public interface PreTokenSink {
    /** Adds {@code count} occurrences of a pre-token. The array is the receiver's to keep. */
    void add(byte[] preToken, long count);
}
