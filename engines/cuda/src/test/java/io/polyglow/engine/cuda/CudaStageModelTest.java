package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.StageModelContractTest;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "io.polyglow.engine.cuda.Gpu#isHere", disabledReason = "no usable GPU here")
class CudaStageModelTest extends StageModelContractTest {
    @Override
    protected Engine open(int threads) {
        return new CudaEngineProvider().open(threads);
    }
}
