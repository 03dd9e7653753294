package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.engine.cuda.MatrixProducts.Epilogue;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.LinearKernelsContractTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.condition.EnabledIf;

/** The contract of linear layers where a library multiplies the matrices: which products the engine asks it for, with which epilogues. */
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedProductsTest extends LinearKernelsContractTest {
    private final PlainProducts products = new PlainProducts(Emulators.device());

    @Override
    protected Engine open(int threads) {
        return Emulators.engine(products);
    }

    /** The emulator's are those of the GPU. */
    @Override
    protected int mostThreads() {
        return 1;
    }

    @Override
    protected boolean roundsBias() {
        return true;
    }

    @AfterAll
    void shouldHaveAskedForEveryEpilogue() {
        assertThat(products.epilogues).containsExactlyInAnyOrder(Epilogue.values());
    }
}
