package io.polyglow.engine.cpu;

import org.jspecify.annotations.Nullable;

/** Working memory that grows to the largest request; what it holds is undefined. */
final class Scratch implements AutoCloseable {
    private static final long LEAST_BYTES = 1 << 16;

    private @Nullable Memory memory;

    /** Memory of at least {@code bytes}, valid until the next request. */
    Memory atLeast(long bytes) {
        Memory old = memory;
        if (old != null && old.bytes() >= bytes) {
            return old;
        }
        close();
        Memory larger = new Memory("scratch", Math.max(bytes, LEAST_BYTES));
        memory = larger;
        return larger;
    }

    /** Bytes held now. */
    long bytes() {
        return memory == null ? 0 : memory.bytes();
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }
}
