package io.polyglow.trainer.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import org.junit.jupiter.api.Test;

class EnginesTest {
    @Test
    void shouldTellHowToBuildWhenAnOptionalEngineIsMissing() {
        assertThatThrownBy(() -> Engines.named("nd4j"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageStartingWith("engine: nd4j is not on the class path; there are: auto, reference.")
                .hasMessageContaining("POLYGLOW_PROFILES=nd4j ./polyglow")
                .hasMessageContaining("mvn -Pnd4j package");
        assertThatThrownBy(() -> Engines.named("abacus")).hasMessageEndingWith("there are: auto, reference.");
    }

    @Test
    void shouldTakeTheReferenceWhenNothingElseIsThere() {
        assertThat(Engines.named(Engines.AUTO).name()).isEqualTo("reference");
    }
}
