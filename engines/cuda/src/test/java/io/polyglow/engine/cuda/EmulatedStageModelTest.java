package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.StageModelContractTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIf;

/** Whole models, forward and backward, on the kernels of the engine without a GPU. */
@Tag("nightly")
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedStageModelTest extends StageModelContractTest {
    @Override
    protected Engine open(int threads) {
        return Emulators.engine();
    }
}
