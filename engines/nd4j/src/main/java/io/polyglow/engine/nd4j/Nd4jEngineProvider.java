package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.GpuChoice;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.Optional;

/** Offers the ND4J engine, to those who ask for it by name. */
public final class Nd4jEngineProvider implements EngineProvider {
    static final String NAME = "nd4j";

    @Override
    public String name() {
        return NAME;
    }

    /** Below the reference: {@code engine: auto} never means this one. */
    @Override
    public int priority() {
        return -1;
    }

    @Override
    public Optional<String> unavailable() {
        Optional<String> problem = Nd4jLibrary.isCuda() ? GpuSupport.problem() : Optional.empty();
        if (problem.isPresent()) {
            return problem;
        }
        try {
            Nd4jLibrary.load();
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            return Optional.of(Nd4jLibrary.isCuda() ? cudaAdvice(e) : cpuAdvice(e));
        }
    }

    private static String cudaAdvice(Throwable e) {
        return "nd4j-cuda-11.6 cannot be loaded (" + root(e)
                + "): it needs CUDA 11.6 and cuDNN 8.3 where the dynamic linker finds them";
    }

    private static String cpuAdvice(Throwable e) {
        return "nd4j-native cannot be loaded on " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
                + " (" + root(e)
                + "): the native libraries are for 64-bit x86 Linux, and JavaCPP unpacks 400 MB to ~/.javacpp or to the"
                + " folder that -Dorg.bytedeco.javacpp.cachedir names";
    }

    private static Throwable root(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    /** ND4J computes on one thread for the same bits everywhere; more ranks per machine use more cores. */
    @Override
    public Engine open(MachineShare share) {
        return new Nd4jEngine(Nd4jLibrary.isCuda() ? GpuChoice.of(share, GpuSupport.visible()) : 0);
    }
}
