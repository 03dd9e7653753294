package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.KernelsContractTest;

class Nd4jKernelsContractTest extends KernelsContractTest {
    @Override
    protected Engine open(int threads) {
        return new Nd4jEngineProvider().open(threads);
    }
}
