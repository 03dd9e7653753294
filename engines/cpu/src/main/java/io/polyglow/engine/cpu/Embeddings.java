package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Looking up rows of tables, and adding gradients to them. Legend: N rows of C channels, T time steps. */
final class Embeddings {
    private static final int MAX_TASKS = 16;
    private static final int ELEMENTS_PER_TASK = 1 << 15;

    private final Team team;

    Embeddings(Team team) {
        this.team = team;
    }

    void forward(Tensor out, Tensor tokens, Tensor tokenTable, @Nullable Tensor positionTable, int T, int first) {
        int C = Math.toIntExact(out.dim(1));
        team.ranges(out.dim(0), Math.max(1, Elements.BLOCK / C), (from, to, lane) -> {
            for (long n = from; n < to; n++) {
                long token = Scalars.id(tokens, n, 0, tokenTable.dim(0));
                Window row = lane.window(0).read(tokenTable, token * C, C);
                Window y = lane.window(1).write(out, n * C, C);
                if (positionTable == null) {
                    Loops.copy(y.buffer, y.at, row.buffer, row.at, row.whole);
                } else {
                    Window position = lane.window(2).read(positionTable, (first + n % T) * C, C);
                    Loops.sum(y.buffer, y.at, row.buffer, row.at, position.buffer, position.at, row.whole);
                }
                y.commit();
            }
        });
    }

    void backward(@Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int T) {
        int tasks = (int) Math.max(1, Math.min(MAX_TASKS, dOut.size() / ELEMENTS_PER_TASK));
        if (dTokenTable != null) {
            team.run(tasks, (task, lane) -> tokenRows(dTokenTable, tokens, dOut, task, tasks, lane));
        }
        if (dPositionTable != null) {
            team.run(tasks, (task, lane) -> positionRows(dPositionTable, dOut, T, task, tasks, lane));
        }
    }

    /** A task owns every {@code tasks}-th row of the table, and adds to it in the order of n. */
    private static void tokenRows(Tensor table, Tensor tokens, Tensor dOut, int task, int tasks, Lane lane) {
        for (long n = 0; n < dOut.dim(0); n++) {
            int token = Scalars.id(tokens, n, 0, table.dim(0));
            if (token % tasks == task) {
                addRow(table, token, dOut, n, lane);
            }
        }
    }

    private static void positionRows(Tensor table, Tensor dOut, int T, int task, int tasks, Lane lane) {
        for (long n = 0; n < dOut.dim(0); n++) {
            long position = n % T;
            if (position % tasks == task) {
                addRow(table, position, dOut, n, lane);
            }
        }
    }

    private static void addRow(Tensor table, long tableRow, Tensor dOut, long n, Lane lane) {
        int C = (int) dOut.dim(1);
        Window sum = lane.window(0).read(table, tableRow * C, C);
        Window dy = lane.window(1).read(dOut, n * C, C);
        Loops.add(sum.buffer, sum.at, dy.buffer, dy.at, sum.whole);
        sum.commit();
    }
}
