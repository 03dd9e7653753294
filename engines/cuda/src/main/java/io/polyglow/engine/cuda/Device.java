package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.CopyStream;
import org.bytedeco.javacpp.Pointer;

/**
 * One GPU and its main stream of work, as little of it as the engine needs, so that the host's side runs against a fake in tests. Copies, fills
 * and launches are queued in order and return at once; {@link #await} waits for all of them and reports what failed. One thread at a time, but for
 * {@link #allocateHost} and {@link #freeHost}, and for a {@link SideStream}, which has a thread of its own.
 */
interface Device extends CopyQueue, AutoCloseable {
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

    /** A stream of copies beside the main one. */
    SideStream openSideStream();

    /** Loads machine code and finds a kernel in it. */
    Image load(byte[] image);

    /** Queues a kernel; {@code arguments} holds its packed parameters and may be reused at once. */
    void launch(Function function, Grid grid, int sharedBytes, Pointer arguments, long argumentBytes);

    /** From now on fills and launches are recorded instead of queued; copies, events and allocations of this thread are errors. */
    void beginRecording();

    /** Ends that and returns what was recorded; an error if the device cannot record something of it. */
    Recording endRecording();

    /** Nanoseconds from ends of {@link #await} to what was queued next, summed up; 0 where nobody counts. */
    default long idleNs() {
        return 0;
    }

    /** Grows whenever device memory is freed: what was recorded before may use memory that is somebody else's now. */
    long frees();

    /** Whether all queued work is done, without waiting; reports what failed. */
    boolean done();

    /**
     * The queued work has no end: from now on frees, waits and {@link #close} do nothing, side streams and {@link #allocateHost} fail at once, and only the end of the process frees what is there.
     * A side stream's thread that waits for that work already is not called back.
     */
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

    /** Copies beside the main stream, for one thread that is not the device's; they wait for no work of the main stream but what an event marks that was awaited. */
    interface SideStream extends CopyQueue, AutoCloseable {
        /** An event between the main stream and this one, freed with this; recorded outside {@link #beginRecording recordings}. The device's thread. */
        CopyStream.Event newEvent();

        /** Any thread, once nobody else uses the stream. */
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
