package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.AttentionShape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What is added to scores so that rows see no later positions, and no earlier ones than they should: 0 or minus infinity. Made on the host, once per shape. */
final class CausalMasks implements AutoCloseable {
    private static final int MOST = 64;

    private final Map<Shape, Floats> masks = new HashMap<>();

    private record Shape(int rows, int columns, int window) {}

    /** {@code [1, 1, rows * columns]}; the last row sees the last {@code window} columns. */
    INDArray of(int rows, int columns, int window) {
        Shape shape = new Shape(rows, columns, window);
        Floats mask = masks.get(shape);
        if (mask == null) {
            if (masks.size() == MOST) {
                close();
            }
            mask = make(shape);
            masks.put(shape, mask);
        }
        return mask.view(0, 1, 1, (long) rows * columns);
    }

    private static Floats make(Shape shape) {
        int columns = shape.columns;
        float[] values = new float[Math.multiplyExact(shape.rows, columns)];
        for (int t = 0; t < shape.rows; t++) {
            int own = columns - shape.rows + t;
            hide(values, t, columns, AttentionShape.firstKey(own, shape.window), own);
        }
        Floats mask = new Floats("causal mask", values.length);
        Transfer.write(mask.view(0, values.length), values);
        return mask;
    }

    /** Of rows that see columns {@code first[n] ... n % T} of their own sequence: {@code [B * T * T]}. */
    static float[] values(int[] first, int T) {
        float[] values = new float[Math.multiplyExact(first.length, T)];
        for (int n = 0; n < first.length; n++) {
            hide(values, n, T, first[n], n % T);
        }
        return values;
    }

    /** Hides from a row all columns but {@code first ... last}. */
    private static void hide(float[] values, int row, int columns, int first, int last) {
        Arrays.fill(values, row * columns, row * columns + first, Float.NEGATIVE_INFINITY);
        Arrays.fill(values, row * columns + last + 1, (row + 1) * columns, Float.NEGATIVE_INFINITY);
    }

    @Override
    public void close() {
        masks.values().forEach(Floats::close);
        masks.clear();
    }
}
