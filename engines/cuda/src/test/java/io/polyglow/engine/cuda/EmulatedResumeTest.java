package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedResumeTest extends ResumeContractTest {
    @Override
    Engine open() {
        return Emulators.engine();
    }
}
