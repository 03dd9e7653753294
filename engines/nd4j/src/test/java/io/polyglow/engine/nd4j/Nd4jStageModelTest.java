package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.StageModelContractTest;

class Nd4jStageModelTest extends StageModelContractTest {
    @Override
    protected Engine open(int threads) {
        return new Nd4jEngineProvider().open(threads);
    }
}
