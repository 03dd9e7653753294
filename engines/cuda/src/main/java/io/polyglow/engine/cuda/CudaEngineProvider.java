package io.polyglow.engine.cuda;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.Optional;
import java.util.stream.IntStream;

/** Offers the engine for NVIDIA GPUs, wherever a driver, CUDA's libraries and a GPU of sm_80 or newer are. */
public final class CudaEngineProvider implements EngineProvider {
    static final String NAME = "cuda";
    private static final int OLDEST = 80;
    private static final String LIBRARIES =
            "the driver (libcuda.so.1) comes with the GPU; libcudart, libcublas, libcublasLt and libnvrtc of CUDA 13 come with the CUDA toolkit"
                    + " (for example: apt-get install cuda-libraries-13-0) or with pip (pip install nvidia-cuda-runtime nvidia-cublas"
                    + " nvidia-cuda-nvrtc), and their folders must be in LD_LIBRARY_PATH";

    @Override
    public String name() {
        return NAME;
    }

    /** Below the CPU engine, until the kernels have been measured on a GPU: {@code engine: cuda} asks for it by name. */
    @Override
    public int priority() {
        return 5;
    }

    @Override
    public Optional<String> unavailable() {
        try {
            if (NvidiaDevice.count() == 0) {
                return Optional.of("the driver shows no GPU; see nvidia-smi, and CUDA_VISIBLE_DEVICES if it is set");
            }
            NvidiaLibraries.load();
            boolean oneFits =
                    IntStream.range(0, NvidiaDevice.count()).anyMatch(gpu -> tooOld(gpu).isEmpty());
            return oneFits ? Optional.empty() : tooOld(0);
        } catch (LinkageError e) {
            return Optional.of("a library of CUDA is missing (" + missing(e) + "): " + LIBRARIES);
        } catch (PolyglowException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** What the dynamic linker said: JavaCPP hides it among the causes. */
    private static String missing(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            String text = String.valueOf(cause.getMessage());
            if (text.contains("cannot open shared object") || cause.getCause() == null) {
                return text.lines().findFirst().orElse(cause.toString());
            }
        }
        return e.toString();
    }

    private static Optional<String> tooOld(int gpu) {
        int architecture = NvidiaDevice.architecture(gpu);
        return architecture >= OLDEST
                ? Optional.empty()
                : Optional.of(NvidiaDevice.name(gpu) + " is sm_" + architecture + ", older than Ampere (sm_" + OLDEST
                        + "), whose bf16 matrix units this engine needs");
    }

    /** Opens the GPU of the share; its threads are the host's and not needed. */
    @Override
    public Engine open(MachineShare share) {
        String visible = System.getenv().getOrDefault("CUDA_VISIBLE_DEVICES", "");
        int gpu = new GpuChoice(NvidiaDevice.uuids(), visible).of(share);
        tooOld(gpu).ifPresent(reason -> {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "GPU " + gpu + ": " + reason);
        });
        NvidiaDevice device = new NvidiaDevice(gpu);
        return new CudaEngine(device, new CublasLt(device), new Nvrtc(), KernelCache.defaultFolder());
    }
}
