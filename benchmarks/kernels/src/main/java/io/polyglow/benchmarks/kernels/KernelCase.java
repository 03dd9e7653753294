package io.polyglow.benchmarks.kernels;

import io.polyglow.trainer.kernels.Kernels;

/**
 * A kernel at one shape.
 *
 * @param flops multiplications and additions of its matrix products, 0 when memory is what it needs
 * @param bytes what it must read and write at least
 */
record KernelCase(String name, double flops, double bytes, Setup setup) {
    /** Makes the tensors, and what is timed. */
    interface Setup {
        Runnable on(Tensors tensors, Kernels kernels);
    }
}
