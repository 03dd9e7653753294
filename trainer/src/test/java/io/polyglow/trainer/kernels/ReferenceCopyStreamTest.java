package io.polyglow.trainer.kernels;

class ReferenceCopyStreamTest extends CopyStreamContractTest {
    @Override
    protected Engine open() {
        return new ReferenceEngine();
    }
}
