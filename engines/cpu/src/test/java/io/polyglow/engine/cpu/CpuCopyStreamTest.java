package io.polyglow.engine.cpu;

import io.polyglow.trainer.kernels.CopyStreamContractTest;
import io.polyglow.trainer.kernels.Engine;

class CpuCopyStreamTest extends CopyStreamContractTest {
    @Override
    protected Engine open() {
        return new CpuEngine(2);
    }
}
