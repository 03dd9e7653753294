package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;

/**
 * How the head cuts the rows of a micro-batch, so that the logits of all of them never exist: one chunk for small batches, an eighth for large ones, whose
 * products would otherwise be too small for a GPU; of chunks that are about as long, for a short one is slow. A function of model and micro-batch alone, so that the order of sums is too.
 *
 * @param rows of the micro-batch
 * @param chunkRows of every chunk but the last, which has what is left
 * @param columns of the logits: the vocabulary up to a multiple of 64, which matrix units like
 */
public record LogitChunks(long rows, long chunkRows, int columns) {
    /** Elements of a chunk of logits. */
    private static final long CHUNK = 1L << 25;

    private static final int MOST_CHUNKS = 8;

    /** The chunks of so many rows. */
    public static LogitChunks of(ModelConfig config, long rows) {
        int columns = (config.vocabSize() + Kernels.PADDING - 1) / Kernels.PADDING * Kernels.PADDING;
        long most = Math.max(Math.max(1, CHUNK / columns), divide(rows, MOST_CHUNKS));
        return new LogitChunks(rows, divide(rows, divide(rows, most)), columns);
    }

    /** Rounded up. */
    private static long divide(long rows, long parts) {
        return (rows + parts - 1) / parts;
    }

    /** How many there are. */
    public int count() {
        return Math.toIntExact(divide(rows, chunkRows));
    }

    /** Rows of one of them. */
    public long rowsOf(int chunk) {
        return Math.min(chunkRows, rows - chunk * chunkRows);
    }

    /** Views of a tensor with so many rows. */
    Tensor[] cut(Tensor tensor) {
        Tensor[] parts = new Tensor[count()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = tensor.rows(i * chunkRows, rowsOf(i));
        }
        return parts;
    }
}
