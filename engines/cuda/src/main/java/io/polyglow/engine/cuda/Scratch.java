package io.polyglow.engine.cuda;

/** Device memory that grows to the largest request; what it holds is undefined. Kernels queued earlier keep what they use: freeing waits for them. */
final class Scratch implements AutoCloseable {
    private static final long LEAST_BYTES = 1 << 16;

    private final Device device;
    private long address;
    private long bytes;

    Scratch(Device device) {
        this.device = device;
    }

    /** Address of at least this many bytes, aligned to 256, valid until the next request. */
    long atLeast(long wanted) {
        if (wanted > bytes) {
            close();
            long size = Math.max(wanted, LEAST_BYTES);
            address = device.allocate("scratch", size);
            bytes = size;
        }
        return address;
    }

    @Override
    public void close() {
        if (bytes > 0) {
            device.free(address);
            bytes = 0;
        }
    }
}
