package io.polyglow.trainer.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.polyglow.trainer.precision.BFloat16;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/** Doubles in and out of the tensors of any engine, and how close two of them must be. For tests. */
public final class Values {
    private static final double F32_UNIT = 0x1p-23;
    private static final double BF16_UNIT = 0x1p-7;

    /** From so many elements on, root mean squares tell more than bounds of each. */
    private static final int MANY = 64;

    private Values() {}

    /** The values rounded to the dtype, little-endian. */
    public static UnsafeBuffer encode(DType dtype, double... values) {
        UnsafeBuffer bytes = new UnsafeBuffer(new byte[values.length * dtype.bytes()]);
        for (int i = 0; i < values.length; i++) {
            int at = i * dtype.bytes();
            switch (dtype) {
                case F64 -> bytes.putDouble(at, values[i], LITTLE_ENDIAN);
                case F32 -> bytes.putFloat(at, (float) values[i], LITTLE_ENDIAN);
                case BF16 -> bytes.putShort(at, BFloat16.fromFloat((float) values[i]), LITTLE_ENDIAN);
                case I32 -> bytes.putInt(at, (int) values[i], LITTLE_ENDIAN);
            }
        }
        return bytes;
    }

    /** The elements of a tensor. */
    public static double[] read(Engine engine, Tensor tensor) {
        UnsafeBuffer bytes = new UnsafeBuffer(new byte[Math.toIntExact(tensor.bytes())]);
        engine.read(tensor, bytes, 0);
        double[] values = new double[(int) tensor.size()];
        for (int i = 0; i < values.length; i++) {
            int at = i * tensor.dtype().bytes();
            values[i] = switch (tensor.dtype()) {
                case F64 -> bytes.getDouble(at, LITTLE_ENDIAN);
                case F32 -> bytes.getFloat(at, LITTLE_ENDIAN);
                case BF16 -> BFloat16.toFloat(bytes.getShort(at, LITTLE_ENDIAN));
                case I32 -> bytes.getInt(at, LITTLE_ENDIAN);
            };
        }
        return values;
    }

    /** Sets the elements of a tensor. */
    public static void write(Engine engine, Tensor tensor, double... values) {
        assertThat((long) values.length).as("values for %s", tensor).isEqualTo(tensor.size());
        engine.write(tensor, encode(tensor.dtype(), values), 0);
    }

    /**
     * Half-way between two neighbours of the output's dtype, rounding may go either way: one unit of the expected value. On top come a few
     * roundings of the value in dtype {@code inner}, and the error of a sum of {@code terms} products, relative to the root mean square of the
     * output. Of many elements together, by root mean squares, the error is one unit of each dtype and that of a sum in f32: neither roundings nor results that
     * cancel are all at their worst.
     */
    public static void assertClose(
            String what, double[] actual, double[] expected, DType outDType, int terms, DType inner) {
        assertClose(what, actual, expected, outDType, terms, inner, 0);
    }

    /** As above for a sum onto values whose root mean square is {@code onto}: it is rounded by their size, however small it becomes. */
    static void assertClose(
            String what, double[] actual, double[] expected, DType outDType, int terms, DType inner, double onto) {
        assertClose(what, actual, expected, outDType, terms, inner, onto, 0);
    }

    /**
     * As above for exponentials of numbers up to {@code exponent}: an exponential is off, relative to itself, by as much as its argument is off at all, half a unit of the
     * argument and half a unit of the log of the sum that is taken from it.
     */
    static void assertClose(
            String what,
            double[] actual,
            double[] expected,
            DType outDType,
            int terms,
            DType inner,
            double onto,
            double exponent) {
        assertThat(actual).as(what).hasSameSizeAs(expected).isNotEmpty();
        double size = Math.max(rootMeanSquare(expected), onto);
        double slack = unit(inner) * (8 + 2 * Math.sqrt(terms)) * size;
        for (int i = 0; i < expected.length; i++) {
            double bound = (unit(outDType) + (4 + exponent) * unit(inner)) * Math.abs(expected[i]) + slack;
            if (!(Math.abs(actual[i] - expected[i]) <= bound)) {
                fail("%s[%d] is %s, expected %s +- %s", what, i, actual[i], expected[i], bound);
            }
        }
        if (expected.length >= MANY) {
            double together = unit(outDType) + (1 + exponent) * unit(inner) + 2 * Math.sqrt(terms) * F32_UNIT;
            double[] errors = new double[expected.length];
            Arrays.setAll(errors, i -> actual[i] - expected[i]);
            assertThat(rootMeanSquare(errors))
                    .as("root mean square of the errors of %s", what)
                    .isLessThanOrEqualTo(together * size);
        }
    }

    private static double unit(DType dtype) {
        return dtype == DType.BF16 ? BF16_UNIT : F32_UNIT;
    }

    static double rootMeanSquare(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value * value;
        }
        return Math.sqrt(sum / values.length);
    }
}
