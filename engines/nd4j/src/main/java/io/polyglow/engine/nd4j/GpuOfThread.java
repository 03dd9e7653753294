package io.polyglow.engine.nd4j;

import org.nd4j.linalg.api.concurrency.AffinityManager;

/**
 * The GPU that one engine computes on. To ND4J a GPU belongs to a thread, and a thread that has none gets the next one in turn; so whoever computes, allocates or
 * transfers selects it first, as often as that happens. On the CPU there is one device, number 0.
 */
final class GpuOfThread {
    private final AffinityManager threads;
    private final int device;

    GpuOfThread(AffinityManager threads, int device) {
        this.threads = threads;
        this.device = device;
    }

    /** Makes it the calling thread's, if it is not. */
    void select() {
        // to set it waits for what the thread has queued
        if (threads.getDeviceForCurrentThread() != device) {
            threads.unsafeSetDevice(device);
        }
    }

    int device() {
        return device;
    }
}
