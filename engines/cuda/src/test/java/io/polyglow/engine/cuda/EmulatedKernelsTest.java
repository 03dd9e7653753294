package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.KernelsContractTest;
import org.junit.jupiter.api.condition.EnabledIf;

/** The contract on the engine's kernels without a GPU; products by our own kernel, as cuBLASLt needs one. */
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedKernelsTest extends KernelsContractTest {
    @Override
    protected Engine open(int threads) {
        return Emulators.engine();
    }

    /** The emulator's are those of the GPU. */
    @Override
    protected int mostThreads() {
        return 1;
    }
}
