package io.polyglow.trainer.kernels;

import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The truth that other engines are compared with: plain Java on one thread, over off-heap memory. Besides F32 and BF16 it computes
 * in F64, which finite differences need.
 */
public final class ReferenceEngine implements Engine {
    /** The config name. */
    public static final String NAME = "reference";

    private final Kernels kernels = new ReferenceKernels();
    private final List<Arena> arenas = new ArrayList<>();

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String describe() {
        return "reference (plain Java " + Runtime.version().feature() + ", 1 thread)";
    }

    @Override
    public Set<DType> computeTypes() {
        return EnumSet.of(DType.F64, DType.F32, DType.BF16);
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
    public CopyStream copyStream() {
        return CopyStream.synchronous(this);
    }

    @Override
    public Arena allocate(String purpose, long bytes) {
        Arena arena = new ReferenceArena(purpose, bytes);
        arenas.add(arena);
        return arena;
    }

    @Override
    public void read(Tensor source, MutableDirectBuffer destination, int offset) {
        arenaOf(source).read(source.offset(), destination, offset, source.bytes());
    }

    @Override
    public void write(Tensor destination, DirectBuffer source, int offset) {
        arenaOf(destination).write(destination.offset(), source, offset, destination.bytes());
    }

    static ReferenceArena arenaOf(Tensor tensor) {
        if (tensor.arena() instanceof ReferenceArena arena) {
            return arena;
        }
        throw new IllegalArgumentException(tensor + " belongs to another engine");
    }

    @Override
    public void close() {
        arenas.forEach(Arena::close);
        arenas.clear();
    }
}
