package io.polyglow.engine.cuda;

import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;

/** The shared libraries of NVIDIA that the engine calls. */
final class NvidiaLibraries {
    private NvidiaLibraries() {}

    /** Loads them; throws a {@link LinkageError} that names the one which is missing. */
    static void load() {
        Loader.load(cudart.class);
        Loader.load(nvrtc.class);
        Loader.load(cublas.class);
    }
}
