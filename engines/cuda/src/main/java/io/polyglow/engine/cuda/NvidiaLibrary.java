package io.polyglow.engine.cuda;

import java.util.Arrays;
import java.util.List;

/** The shared libraries of NVIDIA that the engine calls, and the packages that bring them. */
enum NvidiaLibrary {
    /** Talks to the GPU; comes with the kernel module and must fit it. */
    DRIVER("libcuda.so.1", "the driver", "", ""),
    /** JavaCPP's stubs for the driver are linked with it. */
    RUNTIME("libcudart.so.13", "the CUDA runtime", "nvidia-cuda-runtime", "cuda-cudart-13-1"),
    /** Compiles our kernels. */
    NVRTC("libnvrtc.so.13", "NVRTC", "nvidia-cuda-nvrtc", "cuda-nvrtc-13-1"),
    /** JavaCPP's stubs for cuBLASLt are linked with it. */
    CUBLAS("libcublas.so.13", "cuBLAS", "nvidia-cublas", "libcublas-13-1"),
    /** Matrix products. */
    CUBLAS_LT("libcublasLt.so.13", "cuBLASLt", "nvidia-cublas", "libcublas-13-1"),
    /** Moves gradients between GPUs of a host; the engine runs without it. */
    NCCL("libnccl.so.2", "NCCL", "nvidia-nccl-cu13", "libnccl2");

    /** Those that the engine does not run without. */
    static final List<NvidiaLibrary> REQUIRED =
            Arrays.stream(values()).filter(library -> library != NCCL).toList();

    /** The file that the dynamic linker looks for. */
    final String file;

    /** What people call it. */
    final String title;

    /** The package of Python's index, empty for none. */
    final String pip;

    /** The package of NVIDIA's Debian and Ubuntu repositories, empty for none. */
    final String apt;

    NvidiaLibrary(String file, String title, String pip, String apt) {
        this.file = file;
        this.title = title;
        this.pip = pip;
        this.apt = apt;
    }
}
