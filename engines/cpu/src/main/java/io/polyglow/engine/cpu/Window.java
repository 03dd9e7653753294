package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.BFloat16Loops;
import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * A run of a tensor's elements as f32, for loops that want whole vectors: {@code buffer} holds element i of the run at byte
 * {@code at + 4 i}, and room for {@code whole} elements, the count rounded up to whole vectors. F32 runs of whole vectors are used in place; others (bf16, or a
 * count that is not a multiple of the vector's lanes) go through a stage of this window's own, so that every element sees the same vector
 * code wherever it lies.
 */
final class Window implements AutoCloseable {
    private final Scratch stage = new Scratch();

    ByteBuffer buffer = ByteBuffer.allocateDirect(0);
    int at;
    int whole;

    private boolean staged;
    private boolean bf16;
    private ByteBuffer home = buffer;
    private int homeAt;
    private int count;

    /** Opens elements {@code [from, from + count)} for reading; {@link #commit} after changing them. */
    Window read(Tensor tensor, long from, int count) {
        write(tensor, from, count);
        if (staged) {
            load();
        }
        return this;
    }

    /** Opens elements {@code [from, from + count)} for writing: the old content is undefined, {@link #commit} stores the new. */
    Window write(Tensor tensor, long from, int count) {
        DType dtype = tensor.dtype();
        Memory memory = CpuArena.memory(tensor);
        long offset = tensor.offset() + from * dtype.bytes();
        this.count = count;
        home = memory.view(offset);
        homeAt = Memory.at(offset);
        bf16 = dtype == DType.BF16;
        if (!bf16 && dtype != DType.F32) {
            throw new IllegalArgumentException("the cpu engine computes in F32 and BF16, but got " + tensor
                    + "; the reference engine computes in F64");
        }
        whole = Loops.whole(count);
        staged = bf16 || whole != count;
        if (staged) {
            buffer = stage.atLeast((long) whole * Float.BYTES).view(0);
            at = 0;
        } else {
            buffer = home;
            at = homeAt;
        }
        return this;
    }

    /** Stores f32 values of another buffer as elements {@code [from, from + count)}; nothing stays open. */
    void store(Tensor tensor, long from, int count, ByteBuffer x, int xi) {
        write(tensor, from, count);
        if (bf16) {
            BFloat16Loops.narrow(home, homeAt, x, xi, count);
        } else {
            home.put(homeAt, x, xi, count * Float.BYTES);
        }
    }

    /** Adds elements {@code [from, from + count)} of a tensor to f32 sums, which have room for whole vectors; nothing stays open. */
    void addTo(ByteBuffer sums, int sum, Tensor tensor, long from, int count) {
        if (tensor.dtype() == DType.BF16) {
            write(tensor, from, count);
            BFloat16Loops.add(sums, sum, home, homeAt, count);
        } else {
            read(tensor, from, count);
            Loops.add(sums, sum, buffer, at, whole);
        }
    }

    private void load() {
        if (bf16) {
            BFloat16Loops.widen(buffer, at, home, homeAt, count);
        } else {
            buffer.put(at, home, homeAt, count * Float.BYTES);
        }
    }

    /** Stores what was written. */
    void commit() {
        if (!staged) {
            return;
        }
        if (bf16) {
            BFloat16Loops.narrow(home, homeAt, buffer, at, count);
        } else {
            home.put(homeAt, buffer, at, count * Float.BYTES);
        }
    }

    @Override
    public void close() {
        stage.close();
    }
}
