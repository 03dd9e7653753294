package io.polyglow.engine.nd4j;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What is added to scores so that rows see no later positions: 0 or minus infinity. Made once per shape, on the host. */
final class CausalMasks implements AutoCloseable {
    private static final int MOST = 64;

    private final Map<Shape, Floats> masks = new HashMap<>();

    private record Shape(int rows, int columns) {}

    /** {@code [1, rows * columns]}; the last row sees all columns. */
    INDArray of(int rows, int columns) {
        Shape shape = new Shape(rows, columns);
        Floats mask = masks.get(shape);
        if (mask == null) {
            if (masks.size() == MOST) {
                close();
            }
            mask = make(rows, columns);
            masks.put(shape, mask);
        }
        return mask.view(0, 1, (long) rows * columns);
    }

    private static Floats make(int rows, int columns) {
        float[] values = new float[Math.multiplyExact(rows, columns)];
        for (int t = 0; t < rows; t++) {
            Arrays.fill(values, t * columns + columns - rows + t + 1, (t + 1) * columns, Float.NEGATIVE_INFINITY);
        }
        Floats mask = new Floats("causal mask", values.length);
        Transfer.write(mask.view(0, values.length), values);
        return mask;
    }

    @Override
    public void close() {
        masks.values().forEach(Floats::close);
        masks.clear();
    }
}
