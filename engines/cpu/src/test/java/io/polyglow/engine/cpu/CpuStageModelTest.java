package io.polyglow.engine.cpu;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.StageModelContractTest;

class CpuStageModelTest extends StageModelContractTest {
    @Override
    protected Engine open(int threads) {
        return new CpuEngineProvider().open(threads);
    }
}
