package io.polyglow.engine.cpu.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.trainer.precision.BFloat16;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopsTest {
    private static final int COUNT = 1 << 16;

    private static ByteBuffer buffer(int floats) {
        return ByteBuffer.allocateDirect(floats * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void shouldComputeExponentialsToAFewUlp() {
        ByteBuffer x = buffer(COUNT), y = buffer(COUNT);
        for (int i = 0; i < COUNT; i++) {
            x.putFloat(4 * i, (float) (-87.3 + i * 175.6 / COUNT));
        }
        Loops.exp(y, 0, x, 0, COUNT, 1, 0, 1);
        for (int i = 0; i < COUNT; i++) {
            double expected = Math.exp(x.getFloat(4 * i));
            assertThat((double) y.getFloat(4 * i))
                    .as("exp(%s)", x.getFloat(4 * i))
                    .isCloseTo(expected, within(3 * Math.ulp((float) expected) + 0.0));
        }
    }

    @Test
    void shouldSaturateExponentialsAndKeepNaN() {
        ByteBuffer x = buffer(Loops.LANES);
        float[] special = {Float.NEGATIVE_INFINITY, -1e30f, 1e30f, Float.NaN};
        for (int i = 0; i < Loops.LANES; i++) {
            x.putFloat(4 * i, special[i % 4]);
        }
        Loops.exp(x, 0, x, 0, Loops.LANES, 1, 0, 1);
        assertThat(x.getFloat(0)).isBetween(0f, 2e-38f);
        assertThat(x.getFloat(4)).isBetween(0f, 2e-38f);
        assertThat(x.getFloat(8)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(x.getFloat(12)).isNaN();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 33, 1021})
    void shouldReduceAnyLength(int n) {
        ByteBuffer x = buffer(n + 1);
        float max = Float.NEGATIVE_INFINITY;
        double sum = 0, squares = 0;
        for (int i = 0; i < n; i++) {
            float value = (float) Math.sin(i) * 3;
            x.putFloat(4 + 4 * i, value);
            max = Math.max(max, value);
            sum += value;
            squares += (value - 0.5) * (value - 0.5);
        }
        assertThat(Loops.max(x, 4, n)).isEqualTo(max);
        assertThat((double) Loops.sum(x, 4, n)).isCloseTo(sum, within(1e-3));
        assertThat((double) Loops.squares(x, 4, n, 0.5f)).isCloseTo(squares, within(1e-5 * squares + 1e-9));
        assertThat((double) Loops.dot(x, 4, x, 4, n)).isCloseTo(squares + sum - n * 0.25, within(1e-2));
    }

    /** Every upper half, with lower halves below, at and above a tie. */
    @Test
    void shouldRoundToBFloat16LikeTheScalarCode() {
        for (int lower : new int[] {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF}) {
            ByteBuffer x = buffer(COUNT), narrow = buffer(COUNT / 2), wide = buffer(COUNT);
            for (int i = 0; i < COUNT; i++) {
                x.putInt(4 * i, i << 16 | lower);
            }
            BFloat16Loops.narrow(narrow, 0, x, 0, COUNT - 3);
            BFloat16Loops.widen(wide, 0, narrow, 0, COUNT - 3);
            for (int i = 0; i < COUNT - 3; i++) {
                short expected = BFloat16.fromFloat(x.getFloat(4 * i));
                assertThat(narrow.getShort(2 * i)).as("%x", x.getInt(4 * i)).isEqualTo(expected);
                assertThat(wide.getInt(4 * i)).isEqualTo(expected << 16);
            }
        }
    }
}
