package io.polyglow.engine.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Adds up the columns of matrices, as products with rows of ones: ND4J's own sum over the first dim has no way to accumulate. */
final class ColumnSums implements AutoCloseable {
    private Floats ones = new Floats("ones", 0);

    /** {@code sums[1, C] += } the sum of the rows of {@code x[N, C]}. */
    void addTo(INDArray sums, INDArray x) {
        Ops.product(sums, ones(x.size(0)), x, 1, 1);
    }

    private INDArray ones(long count) {
        if (ones.size() < count) {
            ones.close();
            ones = new Floats("ones", Math.max(count, 2 * ones.size()));
            ones.view(0, ones.size()).assign(1);
        }
        return ones.view(0, 1, count);
    }

    @Override
    public void close() {
        ones.close();
    }
}
