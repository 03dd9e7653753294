package io.polyglow.engine.cuda;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes engines on an emulated device. */
final class Emulators {
    static final int AMPERE = 80;
    static final int HOPPER = 90;

    private static final Path FOLDER = temporary();
    private static @Nullable EmulatedDevice device;

    private Emulators() {}

    /** For {@code @EnabledIf}. */
    static boolean canRun() {
        return System.getProperty("os.arch").equals("amd64")
                && Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "g++")));
    }

    /** The device of this JVM, which many engines may share: to compile it takes seconds. */
    static synchronized EmulatedDevice device() {
        EmulatedDevice open = device;
        if (open == null) {
            open = start(FOLDER);
            device = open;
        }
        return open;
    }

    private static EmulatedDevice start(Path folder) {
        Map<String, String> units = new TreeMap<>();
        units.put("general", KernelSource.general());
        units.put("attention", KernelSource.attention());
        for (int headDim : FlashAttention.HEAD_DIMS) {
            String headDimIs = "#define HEAD_DIM " + headDim + "\n";
            units.put("flash-" + headDim, headDimIs + KernelSource.flash());
            units.put("wgmma-" + headDim, headDimIs + KernelSource.wgmma());
        }
        try {
            return new EmulatedDevice(EmulatedDevice.build(folder, units), folder, HOPPER);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Path temporary() {
        try {
            Path made = Files.createTempDirectory("polyglow-emulator");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(made)));
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(each -> each.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Another device of this JVM, for a test with several GPUs; its process runs what the first one compiled. */
    static EmulatedDevice another(int architecture) {
        device();
        try {
            return new EmulatedDevice(
                    FOLDER.resolve("emulator"), Files.createTempDirectory(FOLDER, "gpu"), architecture);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static CudaEngine engine() {
        return engine(new NoProducts());
    }

    static CudaEngine engine(MatrixProducts products) {
        return engine(device(), products, new FakeNccl(device()));
    }

    /** On a device of its own, which meets others by {@code nccl}. */
    static CudaEngine engine(EmulatedDevice device, Nccl nccl) {
        return engine(device, new NoProducts(), nccl);
    }

    private static CudaEngine engine(EmulatedDevice device, MatrixProducts products, Nccl nccl) {
        return new CudaEngine(device, products, new FakeCompiler(), nccl, FOLDER.resolve("cache"));
    }
}
