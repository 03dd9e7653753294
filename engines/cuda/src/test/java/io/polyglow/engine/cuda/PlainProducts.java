package io.polyglow.engine.cuda;

import io.polyglow.trainer.tensor.DType;
import java.util.EnumSet;
import java.util.Set;

/** Matrix products as {@link MatrixProducts} states them, on the memory of an emulated device. */
final class PlainProducts implements MatrixProducts {
    /** What has been asked for. */
    final Set<Epilogue> epilogues = EnumSet.noneOf(Epilogue.class);

    private final EmulatedDevice device;

    PlainProducts(EmulatedDevice device) {
        this.device = device;
    }

    @Override
    public String describe() {
        return "plain products";
    }

    @Override
    public boolean multiply(Shape s, long a, long b, long c, long d, long vector) {
        epilogues.add(s.epilogue());
        device.take(() -> compute(s, a, b, c, d, vector));
        return true;
    }

    private void compute(Shape s, long a, long b, long c, long d, long vector) {
        float[] left = operand(a, s.in(), s.m(), s.k(), s.lda(), s.transposeA());
        float[] right = operand(b, s.in(), s.n(), s.k(), s.ldb(), !s.transposeB());
        for (int j = 0; j < s.n(); j++) {
            for (int i = 0; i < s.m(); i++) {
                double sum = 0;
                for (int l = 0; l < s.k(); l++) {
                    sum += (double) left[i * s.k() + l] * right[j * s.k() + l];
                }
                long at = (i + (long) j * s.ldd()) * s.out().bytes();
                sum += s.addC() ? device.load(c + at, s.out()) : 0;
                sum += s.epilogue() == Epilogue.BIAS
                        ? device.load(vector + (long) i * s.out().bytes(), s.out())
                        : 0;
                device.store(d + at, s.out(), (float) sum);
            }
        }
    }

    /** Row by row of {@code [rows, k]}: of op(a) as it is, of op(b) transposed. {@code alongK}: its k lie side by side in memory. */
    private float[] operand(long address, DType dtype, int rows, int k, int ld, boolean alongK) {
        float[] values = new float[rows * k];
        for (int row = 0; row < rows; row++) {
            for (int l = 0; l < k; l++) {
                long at = alongK ? l + (long) row * ld : row + (long) l * ld;
                values[row * k + l] = device.load(address + at * dtype.bytes(), dtype);
            }
        }
        return values;
    }

    @Override
    public void close() {}
}
