package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.CopyStreamContractTest;
import io.polyglow.trainer.kernels.Engine;
import org.junit.jupiter.api.condition.EnabledIf;

/** On an emulated GPU that does nothing before somebody waits for it, so that a copy which does not wait moves the wrong bytes. */
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedCopyStreamTest extends CopyStreamContractTest {
    @Override
    protected Engine open() {
        return Emulators.engine();
    }
}
