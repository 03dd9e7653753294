package io.polyglow.engine.cpu;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.loop.GarbageContractTest;

class CpuGarbageTest extends GarbageContractTest {
    @Override
    protected Engine open(int threads) {
        return new CpuEngineProvider().open(threads);
    }

    @Override
    protected String threadNames() {
        return "cpu-engine-";
    }
}
