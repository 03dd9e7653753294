package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.nd4j.linalg.factory.Nd4j;

/** Arithmetic on ND4J arrays. */
final class Nd4jEngine implements Engine {
    private final List<Arena> arenas = new ArrayList<>();
    private final GpuOfThread gpu;
    private final Nd4jKernels kernels;

    /** An engine on this device of ND4J's: a GPU, or 0 on the CPU. */
    Nd4jEngine(int device) {
        Nd4jLibrary.load();
        gpu = new GpuOfThread(Nd4j.getAffinityManager(), device);
        gpu.select();
        kernels = new Nd4jKernels(gpu);
    }

    @Override
    public String name() {
        return Nd4jEngineProvider.NAME;
    }

    @Override
    public String describe() {
        return "nd4j: " + Nd4jLibrary.describe() + ", 1 thread, compute types " + computeTypes();
    }

    @Override
    public String place() {
        return Nd4jLibrary.isCuda() ? "GPU " + gpu.device() + " of those that CUDA sees" : "";
    }

    /** ND4J accumulates bf16 in bf16, some 60 times slower than f32. */
    @Override
    public Set<DType> computeTypes() {
        return EnumSet.of(DType.F32);
    }

    @Override
    public DType preferredComputeType() {
        return DType.F32;
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Arena allocate(String purpose, long bytes) {
        gpu.select();
        Arena arena = new Nd4jArena(purpose, bytes);
        arenas.add(arena);
        return arena;
    }

    @Override
    public void read(Tensor source, MutableDirectBuffer destination, int offset) {
        destination.boundsCheck(offset, Math.toIntExact(source.bytes()));
        gpu.select();
        Transfer.read(source, destination, offset);
    }

    @Override
    public void write(Tensor destination, DirectBuffer source, int offset) {
        source.boundsCheck(offset, Math.toIntExact(destination.bytes()));
        gpu.select();
        Transfer.write(destination, source, offset);
    }

    @Override
    public void close() {
        gpu.select();
        kernels.close();
        arenas.forEach(Arena::close);
        arenas.clear();
    }
}
