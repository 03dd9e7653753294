package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;

/** Flat kernels: fill, copy, add. */
final class Elements {
    /** Elements per task of flat and row kernels. */
    static final int BLOCK = 1 << 13;

    private final Team team;

    Elements(Team team) {
        this.team = team;
    }

    void fill(Tensor out, double value) {
        team.ranges(out.size(), BLOCK, (from, to, lane) -> {
            int n = (int) (to - from);
            Window y = lane.window(0).write(out, from, n);
            Loops.fill(y.buffer, y.at, n, (float) value);
            y.commit();
        });
    }

    void copy(Tensor out, Tensor x) {
        team.ranges(out.size(), BLOCK, (from, to, lane) -> {
            int n = (int) (to - from);
            if (out.dtype() == x.dtype()) {
                bytes(out, from, x, from, n);
            } else {
                Window source = lane.window(0).read(x, from, n);
                Window target = lane.window(1).write(out, from, n);
                Loops.copy(target.buffer, target.at, source.buffer, source.at, source.whole);
                target.commit();
            }
        });
    }

    /** Copies n elements between tensors of the same dtype. */
    static void bytes(Tensor out, long to, Tensor x, long from, int n) {
        DType dtype = out.dtype();
        long o = out.offset() + to * dtype.bytes();
        long i = x.offset() + from * dtype.bytes();
        ByteBuffer target = CpuArena.memory(out).view(o);
        target.put(Memory.at(o), CpuArena.memory(x).view(i), Memory.at(i), n * dtype.bytes());
    }

    void add(Tensor out, Tensor x) {
        team.ranges(out.size(), BLOCK, (from, to, lane) -> {
            int n = (int) (to - from);
            Window y = lane.window(0).read(out, from, n);
            Window term = lane.window(1).read(x, from, n);
            Loops.add(y.buffer, y.at, term.buffer, term.at, y.whole);
            y.commit();
        });
    }
}
