package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.Engine;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.condition.EnabledIf;

/** On emulated GPUs, whose gradients a fake library moves. */
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedGroupTest extends GroupContractTest {
    private final Map<Integer, EmulatedDevice> devices = new ConcurrentHashMap<>();
    private final Map<Integer, FakeNccl> direct = new ConcurrentHashMap<>();

    @Override
    void assumeGpus(int count) {}

    @Override
    Engine open(int gpu, boolean reaches) {
        EmulatedDevice device = devices.computeIfAbsent(gpu, number -> Emulators.another(Emulators.HOPPER));
        FakeNccl nccl = reaches ? direct.computeIfAbsent(gpu, number -> new FakeNccl(device)) : new FakeNccl(device);
        nccl.missing = reaches ? null : "it is switched off";
        return Emulators.engine(device, nccl);
    }

    @AfterEach
    void shouldHaveMovedSomethingFromGpuToGpu() {
        assertThat(direct.values()).allMatch(nccl -> nccl.moves.get() > 0);
    }
}
