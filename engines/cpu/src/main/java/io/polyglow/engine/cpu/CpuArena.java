package io.polyglow.engine.cpu;

import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.Tensor;

/** Memory of the CPU engine that tensors are views of. */
final class CpuArena implements Arena {
    private final Memory memory;

    CpuArena(String purpose, long bytes) {
        memory = new Memory(purpose, bytes);
    }

    /** The memory under a tensor, which must be of this engine. */
    static Memory memory(Tensor tensor) {
        if (tensor.arena() instanceof CpuArena arena) {
            return arena.memory;
        }
        throw new IllegalArgumentException(tensor + " belongs to another engine than cpu");
    }

    /** Address of a tensor's first element. */
    static long address(Tensor tensor) {
        return memory(tensor).address(tensor.offset());
    }

    @Override
    public String purpose() {
        return memory.purpose();
    }

    @Override
    public long bytes() {
        return memory.bytes();
    }

    @Override
    public void close() {
        memory.close();
    }
}
