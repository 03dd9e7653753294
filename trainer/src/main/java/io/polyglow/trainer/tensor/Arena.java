package io.polyglow.trainer.tensor;

/**
 * One contiguous block of memory that an engine owns: off-heap on the host, or on a device. Nothing above the engine may
 * assume that a CPU can address it; bytes reach the host only through {@code Engine.read}.
 */
public interface Arena extends AutoCloseable {
    /** What the memory is for, as shown in memory plans: weights, gradients, optimizer, activations, scratch. */
    String purpose();

    /** Size in bytes. */
    long bytes();

    /** Frees the memory; using a tensor of this arena afterwards is an error. */
    @Override
    void close();
}
