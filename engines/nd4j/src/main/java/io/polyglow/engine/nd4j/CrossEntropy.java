package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Softmax and cross-entropy of rows of logits, written out: the gradient of ND4J's own ignores what comes in. Legend: N rows of V classes. */
final class CrossEntropy {
    private final Scratch scratch;
    private final RowSums rowSums;

    CrossEntropy(Scratch scratch) {
        this.scratch = scratch;
        rowSums = new RowSums(scratch);
    }

    void run(Tensor loss, Tensor logits, Tensor targets, int V, double gradScale) {
        int N = Math.toIntExact(logits.dim(0));
        int[] classes = targets(targets, V);
        Run shifted = scratch.take((long) N * V),
                max = scratch.take(N),
                sum = scratch.take(N),
                picked = scratch.take(N);
        INDArray rows = shifted.dense(N, V);
        INDArray x = Run.columns(logits, 0, V);
        Ops.maxRows(max.dense(N), x);
        Ops.subtract(rows, x, max.dense(N, 1));
        try (INDArray places = Nd4j.createFromArray(places(classes, V))) {
            Ops.gather(picked.dense(N), shifted.dense((long) N * V), places);
        }
        Ops.exp(rows, rows);
        rowSums.of(sum.dense(N), shifted, N, V);
        INDArray losses = Run.vector(loss);
        Ops.log(losses, sum.dense(N));
        Ops.subtract(losses, losses, picked.dense(N));
        Run counted = scratch.take(N);
        Transfer.write(counted.dense(N), counted(classes));
        Ops.multiply(losses, losses, counted.dense(N));
        if (gradScale != 0) {
            gradient(logits, shifted, sum, counted, classes, V, gradScale);
        }
    }

    /** {@code logits = gradScale (e / sum - onehot)} in rows that count, else 0. */
    private void gradient(Tensor logits, Run e, Run sum, Run counted, int[] classes, int V, double gradScale) {
        int N = classes.length;
        Run factor = scratch.take(N);
        INDArray rows = e.dense(N, V);
        Ops.divide(factor.dense(N), counted.dense(N), sum.dense(N));
        Ops.scale(factor.dense(N), factor.dense(N), gradScale);
        Ops.multiply(rows, rows, factor.dense(N, 1));
        Run step = scratch.take(N);
        Ops.scale(step.dense(N, 1), counted.dense(N, 1), -gradScale);
        try (INDArray places = Nd4j.createFromArray(places(classes, V))) {
            Ops.scatterAdd(e.dense((long) N * V, 1), places, step.dense(N, 1));
        }
        Run.columns(logits, 0, V).assign(rows);
        if (logits.dim(1) > V) {
            Run.columns(logits, V, logits.dim(1) - V).assign(0);
        }
    }

    private static int[] targets(Tensor targets, int V) {
        int[] classes = Transfer.ids(targets);
        for (int target : classes) {
            if (target < -1 || target >= V) {
                throw new IllegalArgumentException("token " + target + " is outside the vocabulary [0, " + V + ")");
            }
        }
        return classes;
    }

    /** Where each row's target is in {@code [N * V]}; rows without one point at their first class, by which nothing will be changed. */
    private static int[] places(int[] classes, int V) {
        int[] places = new int[classes.length];
        for (int n = 0; n < places.length; n++) {
            places[n] = Math.addExact(Math.multiplyExact(n, V), Math.max(0, classes[n]));
        }
        return places;
    }

    private static float[] counted(int[] classes) {
        float[] counted = new float[classes.length];
        for (int n = 0; n < counted.length; n++) {
            counted[n] = classes[n] < 0 ? 0 : 1;
        }
        return counted;
    }
}
