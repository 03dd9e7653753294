package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** The reference engine, noting the size of every arena. */
final class CountingEngine implements Engine {
    private final Engine reference = new ReferenceEngine();
    private final List<Long> allocated;

    CountingEngine(List<Long> allocated) {
        this.allocated = allocated;
    }

    @Override
    public Arena allocate(String purpose, long bytes) {
        allocated.add(bytes);
        return reference.allocate(purpose, bytes);
    }

    @Override
    public String name() {
        return reference.name();
    }

    @Override
    public String describe() {
        return reference.describe();
    }

    @Override
    public Set<DType> computeTypes() {
        return reference.computeTypes();
    }

    @Override
    public DType preferredComputeType() {
        return reference.preferredComputeType();
    }

    @Override
    public Kernels kernels() {
        return reference.kernels();
    }

    @Override
    public void read(Tensor source, MutableDirectBuffer destination, int offset) {
        reference.read(source, destination, offset);
    }

    @Override
    public void write(Tensor destination, DirectBuffer source, int offset) {
        reference.write(destination, source, offset);
    }

    @Override
    public void close() {
        reference.close();
    }
}
