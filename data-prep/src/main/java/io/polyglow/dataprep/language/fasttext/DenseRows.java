package io.polyglow.dataprep.language.fasttext;

import java.nio.ByteBuffer;

/** {@code DenseMatrix} of fastText: {@code i64 rows, i64 columns, f32[rows][columns]}; the numbers stay in the mapped file. */
final class DenseRows implements Rows {
    private final MappedFile file;
    private final long start;
    private final int rows;
    private final int columns;

    private DenseRows(MappedFile file, long start, int rows, int columns) {
        this.file = file;
        this.start = start;
        this.rows = rows;
        this.columns = columns;
    }

    static DenseRows read(ModelCursor in, int dim) {
        int rows = in.nextLongCount("rows", dim * Float.BYTES);
        long columns = in.nextLong();
        in.require(columns == dim, "a matrix of " + columns + " columns where the model has " + dim);
        long start = in.advance((long) dim * Float.BYTES, rows);
        return new DenseRows(in.file(), start, rows, dim);
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public void add(int row, float[] sum) {
        long position = position(row);
        ByteBuffer chunk = file.chunk(position);
        int at = MappedFile.inChunk(position);
        for (int i = 0; i < columns; i++) {
            sum[i] += chunk.getFloat(at + i * Float.BYTES);
        }
    }

    @Override
    public float dot(int row, float[] x) {
        long position = position(row);
        ByteBuffer chunk = file.chunk(position);
        int at = MappedFile.inChunk(position);
        float sum = 0;
        for (int i = 0; i < columns; i++) {
            sum += chunk.getFloat(at + i * Float.BYTES) * x[i];
        }
        return sum;
    }

    private long position(int row) {
        return start + (long) row * columns * Float.BYTES;
    }
}
