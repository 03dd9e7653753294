package io.polyglow.engine.nd4j;

import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * ND4J's native library, loaded and set up once per process: nd4j-cuda if that is on the class path, else nd4j-native.
 *
 * <p>ND4J computes on one thread, whatever it is told: its reductions and OpenBLAS's products cut their work by the number of threads, so that another number would
 * give other bits.
 */
final class Nd4jLibrary {
    static final String VERSION = "1.0.0-M2.1";

    private static final String CUDA_BACKEND = "org.nd4j.linalg.jcublas.JCublasBackend";
    private static final String LOG_WHEN_LOADING = "org.nd4j.log.initialization";

    private Nd4jLibrary() {}

    /** Whether the library on the class path is the one for GPUs; does not load it. */
    static boolean isCuda() {
        try {
            Class.forName(CUDA_BACKEND, false, Nd4jLibrary.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** Loads the library, if that is not done yet; a {@link LinkageError} or {@link RuntimeException} says why it cannot. */
    static void load() {
        Loaded.OPS.setOmpNumThreads(1);
    }

    /** OpenMP's number of threads belongs to the calling thread, so every kernel sets it. */
    static void computeOnOneThread() {
        Loaded.OPS.setOmpNumThreads(1);
    }

    static String describe() {
        return isCuda()
                ? "ND4J " + VERSION + " for CUDA 11.6"
                : "ND4J " + VERSION + " on the CPU (" + Nd4j.factory().blas().getBlasVendor() + ", instruction level "
                        + Loaded.OPS.optimalLevel() + ")";
    }

    /** Exists once the library is loaded. */
    private static final class Loaded {
        static final NativeOps OPS = open();

        private static NativeOps open() {
            if (System.getProperty(LOG_WHEN_LOADING) == null) {
                System.setProperty(LOG_WHEN_LOADING, "false");
            }
            Nd4j.getEnvironment().setMaxMasterThreads(1);
            Nd4j.getEnvironment().setMaxThreads(1);
            Nd4j.factory().blas().setMaxThreads(1);
            // all memory of the kernels is explicit
            Nd4j.getMemoryManager().togglePeriodicGc(false);
            return NativeOpsHolder.getInstance().getDeviceNativeOps();
        }
    }
}
