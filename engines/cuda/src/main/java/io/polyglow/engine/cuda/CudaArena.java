package io.polyglow.engine.cuda;

import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.Tensor;

/** Device memory that tensors are views of. */
final class CudaArena implements Arena {
    private final Device device;
    private final String purpose;
    private final long bytes;
    private final long address;
    private boolean open = true;

    /** Allocates zeros. */
    CudaArena(Device device, String purpose, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes for " + purpose);
        }
        this.device = device;
        this.purpose = purpose;
        this.bytes = bytes;
        this.address = device.allocate(purpose, bytes);
        if (bytes > 0) {
            device.fill(address, 0, bytes);
        }
    }

    /** Device address of a tensor's first element; the tensor must be of this engine. */
    static long address(Tensor tensor) {
        if (!(tensor.arena() instanceof CudaArena arena)) {
            throw new IllegalArgumentException(tensor + " belongs to another engine than cuda");
        }
        if (!arena.open) {
            throw new IllegalStateException("the memory of '" + arena.purpose + "' is already freed");
        }
        return arena.address + tensor.offset();
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
        if (open) {
            open = false;
            device.free(address);
        }
    }
}
