package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.kernels.CopyStream;
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
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;

/** Arithmetic on the host's CPU. */
final class CpuEngine implements Engine {
    /** Bytes moved at once between an arena and a host buffer. */
    private static final int PIECE = 1 << 28;

    private final Team team;
    private final CpuKernels kernels;
    private final Set<DType> computeTypes = EnumSet.of(DType.F32);
    private final List<Arena> arenas = new ArrayList<>();
    private @Nullable TypeChoice choice;

    CpuEngine(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", expected at least 1");
        }
        team = new Team(threads);
        kernels = new CpuKernels(team);
        if (multipliesBFloat16()) {
            computeTypes.add(DType.BF16);
        }
    }

    private static boolean multipliesBFloat16() {
        Strides rows = Strides.rows(64);
        try (Gemm gemm = new Gemm(GemmSpec.product(64, 64, 64, rows, rows, rows, DType.BF16, DType.F32))) {
            return gemm.scratchpadBytes() >= 0;
        } catch (UnsupportedOperationException e) {
            return false;
        }
    }

    @Override
    public String name() {
        return CpuEngineProvider.NAME;
    }

    @Override
    public String describe() {
        return "cpu: " + OneDnn.describe() + ", vectors of " + Loops.LANES * Float.SIZE + " bits, " + team.threads()
                + (team.threads() == 1 ? " thread" : " threads") + ", compute types " + computeTypes;
    }

    @Override
    public Set<DType> computeTypes() {
        return EnumSet.copyOf(computeTypes);
    }

    @Override
    public DType preferredComputeType() {
        return choice().dtype();
    }

    @Override
    public String preferenceReason() {
        return choice().reason();
    }

    private TypeChoice choice() {
        TypeChoice made = choice;
        if (made == null) {
            made = TypeChoice.of(
                    computeTypes.contains(DType.BF16),
                    OneDnn.features(),
                    () -> TypeChoice.measuredSpeedup(SystemNanoClock.INSTANCE));
            choice = made;
        }
        return made;
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    /** The products that ran so far. */
    Team.Work work() {
        return team.work();
    }

    /** Working memory beside the arenas so far. */
    long scratchBytes() {
        return team.scratchBytes();
    }

    @Override
    public CopyStream copyStream() {
        return CopyStream.synchronous(this);
    }

    @Override
    public Arena allocate(String purpose, long bytes) {
        Arena arena = new CpuArena(purpose, bytes);
        arenas.add(arena);
        return arena;
    }

    @Override
    public void read(Tensor source, MutableDirectBuffer destination, int offset) {
        destination.boundsCheck(offset, Math.toIntExact(source.bytes()));
        Memory memory = CpuArena.memory(source);
        for (long i = 0; i < source.bytes(); i += PIECE) {
            long from = source.offset() + i;
            int length = (int) Math.min(PIECE, source.bytes() - i);
            destination.putBytes(offset + (int) i, memory.view(from), Memory.at(from), length);
        }
    }

    @Override
    public void write(Tensor destination, DirectBuffer source, int offset) {
        source.boundsCheck(offset, Math.toIntExact(destination.bytes()));
        Memory memory = CpuArena.memory(destination);
        for (long i = 0; i < destination.bytes(); i += PIECE) {
            long to = destination.offset() + i;
            int length = (int) Math.min(PIECE, destination.bytes() - i);
            source.getBytes(offset + (int) i, memory.view(to), Memory.at(to), length);
        }
    }

    @Override
    public void close() {
        team.close();
        kernels.close();
        arenas.forEach(Arena::close);
        arenas.clear();
    }
}
