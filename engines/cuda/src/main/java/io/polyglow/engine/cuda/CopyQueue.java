package io.polyglow.engine.cuda;

import org.bytedeco.javacpp.Pointer;

/** Copies between a GPU and page-locked host memory, queued in order on one of its streams. They return at once; the memory is in use until {@link #await}. */
interface CopyQueue {
    /** Queues a copy from page-locked host memory. */
    void toDevice(long to, Pointer from, long bytes);

    /** Queues a copy to page-locked host memory. */
    void toHost(Pointer to, long from, long bytes);

    /** Waits for all work queued on this stream and reports what failed. */
    void await();
}
