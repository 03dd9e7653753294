package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "io.polyglow.engine.cuda.Gpu#isHere", disabledReason = "needs a GPU")
class CudaResumeTest extends ResumeContractTest {
    @Override
    Engine open() {
        return new CudaEngineProvider().open(new MachineShare(1, 0, List.of()));
    }
}
