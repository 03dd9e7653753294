package io.polyglow.engine.cpu;

import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.Optional;

/** Offers the engine for CPUs, wherever its native libraries load. */
public final class CpuEngineProvider implements EngineProvider {
    static final String NAME = "cpu";
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Optional<String> unavailable() {
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            return Optional.of("the Java module " + VECTOR_MODULE + " is missing: start Java with --add-modules="
                    + VECTOR_MODULE + ", as the launcher does");
        }
        try {
            OneDnn.engine();
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            return Optional.of("oneDNN cannot be loaded on " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch") + " (" + e + "): the native libraries are for 64-bit x86 Linux, and"
                    + " JavaCPP unpacks them to ~/.javacpp or to the folder that"
                    + " -Dorg.bytedeco.javacpp.cachedir names, which must be writable");
        }
    }

    /**
     * Attention's backward pass and what oneDNN copies, for each thread; and once packed columns of a product, or partial sums for the gradients of a bias or of a norm's two vectors.
     */
    @Override
    public long scratchBytes(AttentionShape shape, int columns, int threads) {
        long lane = AttentionBackward.scratchBytes(shape) + Gemm.SCRATCHPAD_BYTES;
        long rows = (long) shape.batch() * shape.time();
        return threads * lane
                + Math.max(
                        Tiling.mostPackedBytes(rows, shape.channels(), columns),
                        Math.max(
                                ColumnSums.mostBytes(rows, columns, 1),
                                ColumnSums.mostBytes(rows, shape.channels(), 2)));
    }

    @Override
    public Engine open(MachineShare share) {
        return new CpuEngine(share.threads());
    }
}
