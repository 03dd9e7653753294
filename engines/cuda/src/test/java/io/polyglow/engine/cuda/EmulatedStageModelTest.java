package io.polyglow.engine.cuda;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.StageModelContractTest;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Whole models, forward and backward, on the kernels of the engine without a GPU. */
@Tag("nightly")
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedStageModelTest extends StageModelContractTest {
    @TempDir
    static @Nullable Path folder;

    private static @Nullable EmulatedDevice device;

    @Override
    protected Engine open(int threads) {
        Path place = Objects.requireNonNull(folder);
        if (device == null) {
            device = Emulators.start(place);
        }
        return Emulators.engine(device, place);
    }
}
