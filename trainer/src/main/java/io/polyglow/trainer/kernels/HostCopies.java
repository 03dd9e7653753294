package io.polyglow.trainer.kernels;

import io.polyglow.trainer.tensor.Tensor;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Copies between an engine's memory and the host: in the order of its kernels ({@link Engine}), or beside them ({@link CopyStream}). */
public interface HostCopies {
    /** Copies the bytes of {@code source} to {@code destination} at {@code offset}, little-endian elements; returns when they are there. */
    void read(Tensor source, MutableDirectBuffer destination, int offset);

    /** Copies {@code destination.bytes()} bytes from {@code source} at {@code offset} into the tensor; returns when {@code source} may change. */
    void write(Tensor destination, DirectBuffer source, int offset);
}
