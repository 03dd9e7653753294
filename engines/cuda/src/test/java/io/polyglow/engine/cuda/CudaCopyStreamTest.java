package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.CopyStreamContractTest;
import io.polyglow.trainer.kernels.Engine;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "io.polyglow.engine.cuda.Gpu#isHere", disabledReason = "no usable GPU here")
class CudaCopyStreamTest extends CopyStreamContractTest {
    @Override
    protected Engine open() {
        return new CudaEngineProvider().open(1);
    }
}
