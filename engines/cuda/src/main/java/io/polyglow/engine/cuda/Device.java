package io.polyglow.engine.cuda;

import org.bytedeco.javacpp.Pointer;

/**
 * One GPU and one stream of work on it, as little of it as the engine needs, so that the host's side runs against a fake in tests. Copies, fills
 * and launches are queued in order and return at once; {@link #await} waits for all of them and reports what failed. One thread at a time.
 */
interface Device extends AutoCloseable {
    /** One line: name, architecture, memory, driver. */
    String describe();

    /** Which GPU of the host this is. */
    String place();

    /** GPUs of the host, this one included. */
    int gpusOnHost();

    /** What tells this GPU from all others. */
    String uuid();

    /** Compute capability times ten: 90 for Hopper. */
    int architecture();

    /** Streaming multiprocessors. */
    int multiprocessors();

    /** Bytes of memory that the device has, whoever uses them. */
    long totalBytes();

    /** Allocates device memory, aligned to 256 bytes; {@code purpose} is for the message when there is none left. */
    long allocate(String purpose, long bytes);

    /** Frees device memory once the queued work is done. */
    void free(long address);

    /** Allocates page-locked host memory. */
    Pointer allocateHost(long bytes);

    /** Frees page-locked host memory. */
    void freeHost(Pointer memory);

    /** Queues: sets every byte to {@code value}. */
    void fill(long address, int value, long bytes);

    /** Queues a copy from page-locked host memory. */
    void toDevice(long to, Pointer from, long bytes);

    /** Queues a copy to page-locked host memory. */
    void toHost(Pointer to, long from, long bytes);

    /** Loads machine code and finds a kernel in it. */
    Image load(byte[] image);

    /** Queues a kernel; {@code arguments} holds its packed parameters and may be reused at once. */
    void launch(Function function, Grid grid, int sharedBytes, Pointer arguments, long argumentBytes);

    /** From now on fills and launches are recorded instead of queued; copies and allocations are errors. */
    void beginRecording();

    /** Ends that and returns what was recorded; an error if the device cannot record something of it. */
    Recording endRecording();

    /** Grows whenever device memory is freed: what was recorded before may use memory that is somebody else's now. */
    long frees();

    /** Waits for all queued work. */
    void await();

    /** Whether all queued work is done, without waiting; reports what failed. */
    boolean done();

    /** The queued work has no end: from now on frees, waits and {@link #close} do nothing, and only the end of the process frees what is there. */
    void abandon();

    @Override
    void close();

    /** Fills and launches with all their arguments. */
    interface Recording extends AutoCloseable {
        /** Queues them all, in order. */
        void queue();

        @Override
        void close();
    }

    /** A loaded module. */
    interface Image {
        /** The kernel of this name; {@code sharedBytes} is the most dynamic shared memory it will be launched with. */
        Function function(String name, int sharedBytes);
    }

    /** A kernel. */
    interface Function {}

    /** Blocks of the grid, threads of a block. */
    record Grid(int x, int y, int z, int threadsX, int threadsY) {
        static Grid of(long blocks, int threads) {
            return new Grid(Math.toIntExact(blocks), 1, 1, threads, 1);
        }

        /** Enough blocks for {@code count} threads. */
        static Grid covering(long count, int threads) {
            return of((count + threads - 1) / threads, threads);
        }
    }
}
