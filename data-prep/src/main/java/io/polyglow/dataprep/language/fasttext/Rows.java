package io.polyglow.dataprep.language.fasttext;

/** A matrix read row by row. Safe for many threads. */
interface Rows {
    /** Number of rows. */
    int rows();

    /** Adds row {@code row} to {@code sum}. */
    void add(int row, float[] sum);

    /** Inner product of row {@code row} and {@code x}. */
    float dot(int row, float[] x);
}
