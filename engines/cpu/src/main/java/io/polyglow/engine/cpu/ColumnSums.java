package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * Sums over rows, for gradients of biases and gains: each task adds its rows, in order, into partial sums of its own; then the
 * partial sums are added in the order of the tasks. Which rows make a task follows from the number of columns, so the bits do not
 * depend on threads.
 */
final class ColumnSums {
    private static final int ELEMENTS_PER_TASK = 1 << 15;
    private static final int LEAST_ROWS = 32;
    private static final int MOST_LANES = 16;

    private final int columns;
    private final int stride;
    private final int sums;
    private final Memory partials;

    /** Room for {@code sums} sums per column, over {@code rows} rows. */
    ColumnSums(Team team, long rows, int columns, int sums) {
        this.columns = columns;
        this.sums = sums;
        stride = Loops.whole(columns) * Float.BYTES;
        partials = team.scratch((long) Team.pieces(rows, rowsPerTask(columns)) * sums * stride);
    }

    /** Bytes of the partial sums, at most; asks nothing of the Vector API, which this JVM may lack. */
    static long mostBytes(long rows, int columns, int sums) {
        long stride = (columns + MOST_LANES - 1L) * Float.BYTES;
        return stride * sums * Team.pieces(rows, rowsPerTask(columns));
    }

    static int rowsPerTask(int columns) {
        return Math.max(LEAST_ROWS, ELEMENTS_PER_TASK / columns);
    }

    /** Byte of the partial sum of the task whose first row is {@code row}, set to zero. */
    long open(long row, int sum) {
        long offset = offset(row / rowsPerTask(columns), sum);
        Loops.fill(partials.view(offset), Memory.at(offset), Loops.whole(columns), 0);
        return offset;
    }

    ByteBuffer view(long offset) {
        return partials.view(offset);
    }

    /** {@code out += } the total of one sum over all tasks. */
    void addTo(Tensor out, int sum, long rows, Lane lane) {
        add(lane.window(0).read(out, 0, columns), sum, rows);
    }

    /** {@code out = } the total of one sum over all tasks. */
    void writeTo(Tensor out, int sum, long rows, Lane lane) {
        Window total = lane.window(0).write(out, 0, columns);
        Loops.fill(total.buffer, total.at, total.whole, 0);
        add(total, sum, rows);
    }

    private void add(Window total, int sum, long rows) {
        int tasks = Team.pieces(rows, rowsPerTask(columns));
        for (int task = 0; task < tasks; task++) {
            long offset = offset(task, sum);
            Loops.add(total.buffer, total.at, partials.view(offset), Memory.at(offset), total.whole);
        }
        total.commit();
    }

    private long offset(long task, int sum) {
        return (task * sums + sum) * stride;
    }
}
