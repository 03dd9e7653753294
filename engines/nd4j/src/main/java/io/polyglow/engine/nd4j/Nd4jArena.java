package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.Tensor;

/** Memory of the ND4J engine that tensors are views of. Tensors of all dtypes lie in it as bytes; only F32 ones become arrays. */
final class Nd4jArena implements Arena {
    private final String purpose;
    private final long bytes;
    private final Floats floats;

    Nd4jArena(String purpose, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes for " + purpose);
        }
        this.purpose = purpose;
        this.bytes = bytes;
        floats = new Floats(purpose, (bytes + Float.BYTES - 1) / Float.BYTES);
    }

    /** The memory under a tensor, which must be of this engine. */
    static Floats floats(Tensor tensor) {
        if (tensor.arena() instanceof Nd4jArena arena) {
            return arena.floats;
        }
        throw new IllegalArgumentException(tensor + " belongs to another engine than nd4j");
    }

    @Override
    public String purpose() {
        return purpose;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        floats.close();
    }
}
