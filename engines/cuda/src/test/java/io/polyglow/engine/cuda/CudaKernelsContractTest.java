package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.KernelsContractTest;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "io.polyglow.engine.cuda.Gpu#isHere", disabledReason = "no usable GPU here")
class CudaKernelsContractTest extends KernelsContractTest {
    @Override
    protected Engine open(int threads) {
        return new CudaEngineProvider().open(threads);
    }

    /** cuBLASLt takes the bias in the dtype of the output. */
    @Override
    protected boolean roundsBias() {
        return true;
    }
}
