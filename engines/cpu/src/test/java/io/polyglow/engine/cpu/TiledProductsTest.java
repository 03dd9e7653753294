package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.tensor.DType;
import org.junit.jupiter.api.Test;

class TiledProductsTest {
    /** Half of the places: with one place for each number, some 30 of these would have pushed others out. */
    @Test
    void shouldKeepAllProductsOfALargeModel() {
        TiledProducts products = new TiledProducts();
        TiledProduct[] made = new TiledProduct[128];
        for (int i = 0; i < made.length; i++) {
            made[i] = products.put(i % 3 << 16, 16 * i, 16, 16, spec());
        }
        for (int i = 0; i < made.length; i++) {
            assertThat(products.find(i % 3 << 16, 16 * i, 16, 16))
                    .as("product " + i)
                    .isSameAs(made[i]);
        }
        assertThat(products.find(0, 1, 16, 16)).isNull();
    }

    @Test
    void shouldTakeEveryProductHoweverMany() {
        TiledProducts products = new TiledProducts();
        for (int i = 1; i <= 2_000; i++) {
            TiledProduct product = products.put(0, i, 16, 16, spec());
            assertThat(products.find(0, i, 16, 16)).isSameAs(product);
        }
    }

    private static GemmSpec spec() {
        Strides rows = Strides.rows(16);
        return GemmSpec.product(16, 16, 16, rows, rows, rows, DType.F32, DType.F32);
    }
}
