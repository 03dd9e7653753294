package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import org.junit.jupiter.api.Test;

class DriverHeapTest {
    @Test
    void shouldSayWhatASmallHeapLacks() {
        assertThatThrownBy(() -> DriverHeap.require(100L << 20))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("heap of 100 MiB")
                .hasMessageContaining("POLYGLOW_HEAP=512m");
        assertThatCode(() -> DriverHeap.require(450L << 20)).doesNotThrowAnyException();
    }
}
