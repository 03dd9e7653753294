package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** AdamW and the squared norms of gradients. */
final class Optimizer implements AutoCloseable {
    private static final int ADAM_PIECE = 1 << 20;
    private static final int NORM_PIECE = 1 << 16;

    private final Scratch scratch;
    /** Doubles to widen into, by length. */
    private final Map<Integer, INDArray> wide = new HashMap<>();

    Optimizer(Scratch scratch) {
        this.scratch = scratch;
    }

    void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g) {
        for (long i = 0; i < w.size(); i += ADAM_PIECE) {
            long count = Math.min(ADAM_PIECE, w.size() - i);
            scratch.reset();
            adamW(step, piece(w, i, count), piece(m, i, count), piece(v, i, count), piece(g, i, count), count);
        }
    }

    private void adamW(AdamWStep s, INDArray w, INDArray m, INDArray v, INDArray g, long count) {
        INDArray update = scratch.take(count).dense(count);
        INDArray term = scratch.take(count).dense(count);
        Ops.scale(update, g, s.gradScale());
        Ops.scale(term, update, 1 - s.beta1());
        Ops.scale(m, m, s.beta1());
        Ops.add(m, m, term);
        Ops.square(term, update);
        Ops.scale(term, term, 1 - s.beta2());
        Ops.scale(v, v, s.beta2());
        Ops.add(v, v, term);
        Ops.scale(term, v, 1 / s.correction2());
        Ops.sqrt(term, term);
        Ops.shift(term, term, s.epsilon());
        Ops.scale(update, m, 1 / s.correction1());
        Ops.divide(update, update, term);
        Ops.scale(term, w, s.weightDecay());
        Ops.add(update, update, term);
        Ops.scale(update, update, s.learningRate());
        Ops.subtract(w, w, update);
    }

    /** Widens to doubles, then BLAS: ND4J's reductions of doubles take 50 times as long as its dot product. */
    void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        double[] sums = new double[Math.toIntExact(out.size())];
        for (int b = 0; b < sums.length; b++) {
            long end = Math.min(x.size(), (b + 1) * blockSize);
            for (long i = b * blockSize; i < end; i += NORM_PIECE) {
                int count = (int) Math.min(NORM_PIECE, end - i);
                INDArray doubles = wide.computeIfAbsent(count, n -> Nd4j.createUninitialized(DataType.DOUBLE, n));
                doubles.assign(piece(x, i, count));
                sums[b] += Nd4j.getBlasWrapper().level1().dot(count, 1, doubles, doubles);
            }
        }
        Transfer.write(out, sums);
    }

    private static INDArray piece(Tensor tensor, long from, long count) {
        return Run.of(tensor).from(from).dense(count);
    }

    @Override
    public void close() {
        wide.values().forEach(INDArray::close);
        wide.clear();
    }
}
