/**
 * The engine for NVIDIA GPUs from Ampere on: matrix products by cuBLASLt, everything else by kernels in CUDA C that NVRTC compiles for the GPU
 * at hand; depends on the trainer's kernel seam only. Start at {@link io.polyglow.engine.cuda.CudaEngineProvider}.
 */
@NullMarked
package io.polyglow.engine.cuda;

import org.jspecify.annotations.NullMarked;
