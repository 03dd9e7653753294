package io.polyglow.trainer.kernels;

import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import java.nio.ByteBuffer;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where arithmetic happens and memory lives: owns arenas, hands out {@link Kernels}, and moves bytes between its memory and
 * the host. One engine serves one rank and is used from one thread at a time, but for what {@link #copyStream} does. Closing it frees every arena.
 */
public interface Engine extends HostCopies, AutoCloseable {
    /** The config name: {@code reference}, {@code cpu}, {@code nd4j}. */
    String name();

    /** One line for logs and {@code doctor}: library versions, instruction set, threads; the same on every machine that computes the same bits, but for the threads. */
    String describe();

    /** What part of this machine it computes on, for {@code doctor} and the first line of a run: which GPU; empty where there is no choice. */
    default String place() {
        return "";
    }

    /** Compute dtypes this engine can run on this machine. */
    Set<DType> computeTypes();

    /** The compute dtype that {@code dtype: auto} means here. */
    DType preferredComputeType();

    /** Why that is the preferred one, for {@code doctor} and the first line of a run; empty where there is no choice. May hold what was timed. */
    default String preferenceReason() {
        return "";
    }

    /** The arithmetic. */
    Kernels kernels();

    /**
     * Makes kernel calls that come again and again: {@code calls} does nothing but call {@link #kernels()}, and in every run with an equal {@code key} it makes the
     * same calls with the same arguments, on tensors whose contents may have changed. An engine may queue what it recorded in an earlier run instead of running
     * {@code calls}. Keys are few; the engine may keep them until memory is freed.
     */
    default void repeat(Object key, Runnable calls) {
        calls.run();
    }

    /** Bytes of the device that arenas are allocated on, or 0 where that is the host's memory. */
    default long deviceBytes() {
        return 0;
    }

    /** How many such devices this machine has for its ranks, or 0 where the host computes. */
    default int devices() {
        return 0;
    }

    /**
     * Nanoseconds since the engine was opened in which its device had nothing to do for certain, because the engine's thread had waited for everything and queued nothing yet: a lower bound of
     * the time in which the device waited for the host. 0 where the host is the device.
     */
    default long idleNs() {
        return 0;
    }

    /** By what {@link #connect} could find a way here, or that it lacks something, for {@code doctor}; more lines say how to get that. Empty where there is nothing to say. */
    default String connectivity() {
        return "";
    }

    /**
     * Looks for a way between the memories of the engines of {@code group} past the host. All ranks of the group call it, at the same point of their calls to {@code group}, and all get a
     * way or none does.
     */
    default DevicePath connect(Collectives group) {
        return DevicePath.NONE;
    }

    /** A stream of copies for another thread than the engine's, or null where kernels and copies of this engine belong to one thread. */
    default @Nullable CopyStream copyStream() {
        return null;
    }

    /** Host memory from which and to which this engine copies without a detour; it lives as long as the engine. */
    default UnsafeBuffer allocateHost(int bytes) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(bytes));
    }

    /** Allocates zero-filled memory, aligned to at least 64 bytes. */
    Arena allocate(String purpose, long bytes);

    @Override
    void close();
}
