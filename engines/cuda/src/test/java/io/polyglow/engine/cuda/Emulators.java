package io.polyglow.engine.cuda;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Makes engines on an emulated device. */
final class Emulators {
    private Emulators() {}

    /** For {@code @EnabledIf}. */
    static boolean canRun() {
        return System.getProperty("os.arch").equals("amd64")
                && Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "g++")));
    }

    static EmulatedDevice start(Path folder) {
        try {
            Map<String, String> units = new TreeMap<>();
            units.put("general", KernelSource.general());
            units.put("attention", KernelSource.attention());
            for (int headDim : FlashAttention.HEAD_DIMS) {
                units.put("flash-" + headDim, "#define HEAD_DIM " + headDim + "\n" + KernelSource.flash());
            }
            return new EmulatedDevice(folder, units);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    static CudaEngine engine(EmulatedDevice device, Path folder) {
        return engine(device, folder, new NoProducts());
    }

    static CudaEngine engine(EmulatedDevice device, Path folder, MatrixProducts products) {
        return new CudaEngine(device, products, new FakeCompiler(), folder.resolve("cache"));
    }

    /** A library without a kernel for anything. */
    private static final class NoProducts implements MatrixProducts {
        @Override
        public String describe() {
            return "no library";
        }

        @Override
        public boolean multiply(Shape shape, long a, long b, long c, long d, long vector) {
            return false;
        }

        @Override
        public void close() {}
    }
}
