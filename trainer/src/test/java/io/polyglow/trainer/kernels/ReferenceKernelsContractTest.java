package io.polyglow.trainer.kernels;

/** The reference keeps its own promises: shapes, in-place calls, accumulation, overwriting, same bits. */
class ReferenceKernelsContractTest extends KernelsContractTest {
    @Override
    protected Engine open(int threads) {
        return new ReferenceEngine();
    }
}
