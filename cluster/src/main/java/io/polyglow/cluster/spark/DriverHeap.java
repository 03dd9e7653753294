package io.polyglow.cluster.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;

/** The heap of the process that holds Spark's driver. */
public final class DriverHeap {
    /** Spark's own bound: one and a half times what it sets aside (UnifiedMemoryManager). */
    private static final long LEAST_BYTES = 450L << 20;

    private DriverHeap() {}

    /** Refuses a heap in which Spark would not start; an {@code ENVIRONMENT} error. */
    public static void require() {
        require(Runtime.getRuntime().maxMemory());
    }

    static void require(long bytes) {
        if (bytes < LEAST_BYTES) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "This process has a heap of " + (bytes >> 20) + " MiB, and Spark's driver needs "
                            + (LEAST_BYTES >> 20)
                            + " MiB at least: set POLYGLOW_HEAP=512m or more (the launcher's default is half of the memory).");
        }
    }
}
