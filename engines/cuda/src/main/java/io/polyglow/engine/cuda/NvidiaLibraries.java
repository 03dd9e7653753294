package io.polyglow.engine.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;

/**
 * Finds and loads the shared libraries of NVIDIA: where the dynamic linker looks ({@code LD_LIBRARY_PATH} and the system's folders), and where the
 * CUDA toolkit puts them.
 */
final class NvidiaLibraries {
    /** What JavaCPP's presets for CUDA look through. */
    private static final List<Path> TOOLKIT = Stream.of(
                    "/usr/local/cuda-13.1/lib64", "/usr/local/cuda/lib64", "/usr/lib64", "/usr/lib")
            .map(Path::of)
            .toList();

    private NvidiaLibraries() {}

    /** Loads them; throws a {@link LinkageError} that names the one which is missing. */
    static void load() {
        Loader.load(cudart.class);
        Loader.load(nvrtc.class);
        Loader.load(cublas.class);
    }

    /** Loads NCCL, after the others; why that cannot be done, or empty. */
    static Optional<String> loadNccl() {
        if (!inToolkit(NvidiaLibrary.NCCL) && !opens(NvidiaLibrary.NCCL)) {
            return Optional.of("there is no NCCL (" + NvidiaLibrary.NCCL.file + ")");
        }
        try {
            Loader.load(nccl.class);
            return Optional.empty();
        } catch (LinkageError e) {
            return Optional.of("NCCL cannot be loaded: " + e.getMessage());
        }
    }

    /** Those required ones that cannot be found. */
    static List<NvidiaLibrary> missing() {
        return NvidiaLibrary.REQUIRED.stream()
                .filter(library -> !inToolkit(library) && !opens(library))
                .toList();
    }

    /** Whether the toolkit's folders have it, which JavaCPP prefers to all others. */
    static boolean inToolkit(NvidiaLibrary library) {
        return TOOLKIT.stream().anyMatch(folder -> Files.isRegularFile(folder.resolve(library.file)));
    }

    private static boolean opens(NvidiaLibrary library) {
        try {
            Loader.loadGlobal(library.file);
            return true;
        } catch (UnsatisfiedLinkError e) {
            return false;
        }
    }
}
