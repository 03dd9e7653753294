package io.polyglow.engine.cuda;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.GpuChoice;
import io.polyglow.trainer.kernels.MachineShare;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Offers the engine for NVIDIA GPUs, wherever a driver, CUDA's libraries and a GPU of sm_80 or newer are. */
public final class CudaEngineProvider implements EngineProvider {
    static final String NAME = "cuda";
    private static final Path PCI_DEVICES = Path.of("/sys/bus/pci/devices");
    private static final int OLDEST = 80;
    /** CUDA's version of the oldest driver for the libraries, as the driver tells it. */
    private static final int OLDEST_DRIVER = 13_000;

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
        List<NvidiaLibrary> missing = NvidiaLibraries.missing();
        if (!missing.isEmpty()) {
            return Optional.of(InstallAdvice.missing(missing, PciBus.nvidiaGpus(PCI_DEVICES)));
        }
        try {
            NvidiaLibraries.load();
            return unfit();
        } catch (LinkageError e) {
            return Optional.of("a library of CUDA cannot be loaded: " + e);
        } catch (PolyglowException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static Optional<String> unfit() {
        int driver = NvidiaDevice.driverVersion();
        if (driver < OLDEST_DRIVER) {
            return Optional.of(InstallAdvice.oldDriver(driver));
        }
        int count = NvidiaDevice.count();
        if (count == 0) {
            return Optional.of("the driver shows no GPU; see nvidia-smi, and CUDA_VISIBLE_DEVICES if it is set");
        }
        boolean oneFits = IntStream.range(0, count).anyMatch(gpu -> tooOld(gpu).isEmpty());
        return oneFits ? Optional.empty() : tooOld(0);
    }

    private static Optional<String> tooOld(int gpu) {
        int architecture = NvidiaDevice.architecture(gpu);
        return architecture >= OLDEST
                ? Optional.empty()
                : Optional.of(NvidiaDevice.name(gpu) + " is sm_" + architecture + ", older than Ampere (sm_" + OLDEST
                        + "), whose bf16 matrix units this engine needs");
    }

    /** The driver's GPUs with their numbers in nvidia-smi, which does not know of {@code visible}, {@code CUDA_VISIBLE_DEVICES}, empty when not set. */
    static List<GpuChoice.Gpu> numbered(List<String> uuids, String visible) {
        String[] numbers = visible.split(",", -1);
        return IntStream.range(0, uuids.size())
                .mapToObj(i -> new GpuChoice.Gpu(visible.isEmpty() ? "" + i : numbers[i].strip(), uuids.get(i)))
                .toList();
    }

    /** Opens the GPU of the share; its threads are the host's and not needed. */
    @Override
    public Engine open(MachineShare share) {
        String visible = System.getenv().getOrDefault("CUDA_VISIBLE_DEVICES", "");
        int gpu = GpuChoice.of(share, numbered(NvidiaDevice.uuids(), visible));
        tooOld(gpu).ifPresent(reason -> {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "GPU " + gpu + ": " + reason);
        });
        NvidiaDevice device = new NvidiaDevice(gpu);
        return new CudaEngine(
                device, new CublasLt(device), new Nvrtc(), new NvidiaNccl(device), KernelCache.defaultFolder());
    }
}
