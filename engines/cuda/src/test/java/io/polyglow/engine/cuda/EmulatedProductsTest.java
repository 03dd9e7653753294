package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.engine.cuda.MatrixProducts.Epilogue;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.LinearKernelsContractTest;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The contract of linear layers where a library multiplies the matrices: which products the engine asks it for, with which epilogues. */
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedProductsTest extends LinearKernelsContractTest {
    @TempDir
    static @Nullable Path folder;

    private static @Nullable EmulatedDevice device;
    private static @Nullable PlainProducts products;

    @Override
    protected Engine open(int threads) {
        Path place = Objects.requireNonNull(folder);
        if (device == null) {
            device = Emulators.start(place);
            products = new PlainProducts(device);
        }
        return Emulators.engine(device, place, Objects.requireNonNull(products));
    }

    @Override
    protected boolean roundsBias() {
        return true;
    }

    @AfterAll
    static void shouldHaveAskedForEveryEpilogue() {
        assertThat(Objects.requireNonNull(products).epilogues).containsExactlyInAnyOrder(Epilogue.values());
    }
}
