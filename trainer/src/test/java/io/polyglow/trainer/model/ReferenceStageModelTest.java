package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;

/** How far rounding to f32 and bfloat16 alone leads from double. */
class ReferenceStageModelTest extends StageModelContractTest {
    @Override
    protected Engine open(int threads) {
        return new ReferenceEngine();
    }
}
