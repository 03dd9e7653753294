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
        y.put(0, x, 0, 4 * COUNT);
        SoftmaxLoops.scaledExponentials(y, 0, COUNT, 1, 0, 1);
        for (int i = 0; i < COUNT; i++) {
            double expected = Math.exp(x.getFloat(4 * i));
            assertThat((double) y.getFloat(4 * i))
                    .as("exp(%s)", x.getFloat(4 * i))
                    .isCloseTo(expected, within(3 * Math.ulp((float) expected) + 0.0));
        }
    }

    @Test
    void shouldSaturateExponentialsAndNeverHideNaN() {
        float negativeNaN = Float.intBitsToFloat(0xFFC00000);
        float[] special = {
            Float.NEGATIVE_INFINITY, -1e30f, -88, Float.POSITIVE_INFINITY, 1e30f, 89, Float.NaN, negativeNaN
        };
        ByteBuffer x = row(special);
        SoftmaxLoops.scaledExponentials(x, 0, Loops.LANES, 1, 0, 1);
        for (int i = 0; i < 3; i++) {
            assertThat(x.getFloat(4 * i)).isBetween(0f, 1e-38f);
        }
        for (int i = 3; i < 6; i++) {
            assertThat(x.getFloat(4 * i)).isEqualTo(Float.POSITIVE_INFINITY);
        }
        assertThat(x.getFloat(24)).matches(value -> !Float.isFinite(value));
        assertThat(x.getFloat(28)).matches(value -> !Float.isFinite(value));
        assertThat(SoftmaxLoops.sum(row(0, negativeNaN), 0, Loops.LANES, 1, 0)).isNaN();
    }

    @Test
    void shouldFindTheLargestScore() {
        assertThat(SoftmaxLoops.max(row(-3, -0f, -1e-40f), 0, Loops.LANES)).isZero();
        assertThat(SoftmaxLoops.max(row(-3, -2, Float.NEGATIVE_INFINITY), 0, Loops.LANES))
                .isEqualTo(-2);
        assertThat(SoftmaxLoops.max(row(-3, 1e30f, 7), 0, Loops.LANES)).isEqualTo(1e30f);
        assertThat(SoftmaxLoops.max(row(-3, Float.NaN, Float.POSITIVE_INFINITY), 0, Loops.LANES))
                .isNaN();
        assertThat(SoftmaxLoops.max(row(Float.NEGATIVE_INFINITY), 0, Loops.LANES))
                .isEqualTo(Float.NEGATIVE_INFINITY);
    }

    @Test
    void shouldKeepActivationsRightFarFromZero() {
        float[] values = {-1e30f, -1e10f, -100, -11, 11, 100, 1e10f, Float.NaN};
        ByteBuffer x = row(values), one = buffer(Loops.LANES), y = buffer(Loops.LANES), slope = buffer(Loops.LANES);
        Loops.fill(one, 0, Loops.LANES, 1);
        ActivationLoops.gelu(y, 0, x, 0, Loops.LANES);
        ByteBuffer e = buffer(Loops.LANES);
        ActivationLoops.geluExponentials(e, 0, x, 0, Loops.LANES);
        ActivationLoops.geluGradient(slope, 0, one, 0, x, 0, e, 0, Loops.LANES);
        expectRamp(values, y, slope, 1e-6f);
        ActivationLoops.swiglu(y, 0, x, 0, one, 0, Loops.LANES);
        ActivationLoops.siluExponentials(e, 0, x, 0, Loops.LANES);
        ActivationLoops.gateGradient(slope, 0, one, 0, x, 0, one, 0, e, 0, Loops.LANES);
        expectRamp(values, y, slope, 2e-4f);
    }

    private static void expectRamp(float[] values, ByteBuffer y, ByteBuffer slope, float tolerance) {
        for (int i = 0; i < values.length - 1; i++) {
            float expected = Math.max(0, values[i]);
            assertThat(y.getFloat(4 * i))
                    .as("of %s", values[i])
                    .isCloseTo(expected, within(tolerance * (1 + expected)));
            assertThat(slope.getFloat(4 * i))
                    .as("slope at %s", values[i])
                    .isCloseTo(Math.signum(expected), within(tolerance));
        }
        assertThat(y.getFloat(4 * values.length - 4)).isNaN();
        assertThat(slope.getFloat(4 * values.length - 4)).isNaN();
    }

    /** One vector that begins with these values and repeats the last. */
    private static ByteBuffer row(float... values) {
        ByteBuffer x = buffer(Loops.LANES);
        for (int i = 0; i < Loops.LANES; i++) {
            x.putFloat(4 * i, values[Math.min(i, values.length - 1)]);
        }
        return x;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 33, 1021})
    void shouldReduceAnyLength(int n) {
        ByteBuffer x = buffer(n + 1);
        double sum = 0, squares = 0;
        for (int i = 0; i < n; i++) {
            float value = (float) Math.sin(i) * 3;
            x.putFloat(4 + 4 * i, value);
            sum += value;
            squares += (value - 0.5) * (value - 0.5);
        }
        assertThat((double) Loops.sum(x, 4, n)).isCloseTo(sum, within(1e-3));
        assertThat((double) Loops.squares(x, 4, n, 0.5f)).isCloseTo(squares, within(1e-5 * squares + 1e-9));
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
