package io.polyglow.engine.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.condition.EnabledIf;

/** On the GPUs of this machine, where there are several and NCCL. */
@EnabledIf(value = "io.polyglow.engine.cuda.Gpu#canMeet", disabledReason = "needs several GPUs and NCCL")
class CudaGroupTest extends GroupContractTest {
    @Override
    void assumeGpus(int count) {
        assumeTrue(NvidiaDevice.count() >= count, () -> "needs " + count + " GPUs");
    }

    @Override
    Engine open(int gpu, boolean direct) {
        System.setProperty(NvidiaNccl.PROPERTY, Boolean.toString(direct));
        return new CudaEngineProvider().open(new MachineShare(1, gpu, List.of()));
    }

    @AfterEach
    void restore() {
        System.clearProperty(NvidiaNccl.PROPERTY);
    }
}
