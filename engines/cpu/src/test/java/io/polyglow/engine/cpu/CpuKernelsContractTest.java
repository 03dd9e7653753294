package io.polyglow.engine.cpu;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.KernelsContractTest;

class CpuKernelsContractTest extends KernelsContractTest {
    @Override
    protected Engine open(int threads) {
        return new CpuEngineProvider().open(threads);
    }
}
