package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** GELU and SwiGLU, by the logistic function: {@code 0.5 (1 + tanh(u)) = sigmoid(2u)}, and ND4J's tanh is off by 1e-4 near 0. */
final class Activations {
    /** {@code 2 u = x (SCALE + CUBIC x^2)}. */
    private static final double SCALE = 2 * Math.sqrt(2 / Math.PI);

    private static final double CUBIC = 0.044715 * SCALE;
    /** Beyond it {@code s} is 0 in effect, and e to its power would overflow. */
    private static final double LARGEST_EXPONENT = 80;

    private final Scratch scratch;

    Activations(Scratch scratch) {
        this.scratch = scratch;
    }

    void gelu(Tensor out, Tensor x) {
        INDArray gate = scratch.take(x.size()).dense(x.size());
        INDArray xs = Run.vector(x);
        Ops.square(gate, xs);
        Ops.scale(gate, gate, CUBIC);
        Ops.shift(gate, gate, SCALE);
        Ops.multiply(gate, gate, xs);
        Ops.sigmoid(gate, gate);
        Ops.multiply(Run.vector(out), xs, gate);
    }

    /**
     * With {@code s = sigmoid(2u)}: {@code dX = dOut s (1 + x (2u)' (1 - s))}; {@code 1 - s} is made from {@code e^-2u}, because the subtraction would lose its
     * digits.
     */
    void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        INDArray s = scratch.take(x.size()).dense(x.size());
        INDArray rest = scratch.take(x.size()).dense(x.size());
        INDArray slope = scratch.take(x.size()).dense(x.size());
        INDArray xs = Run.vector(x);
        Ops.square(slope, xs);
        Ops.scale(rest, slope, -CUBIC);
        Ops.shift(rest, rest, -SCALE);
        Ops.multiply(rest, rest, xs);
        Ops.atMost(rest, rest, LARGEST_EXPONENT);
        Ops.exp(rest, rest);
        Ops.shift(s, rest, 1);
        Ops.reciprocal(s, s);
        Ops.multiply(rest, rest, s);
        Ops.scale(slope, slope, 3 * CUBIC);
        Ops.shift(slope, slope, SCALE);
        Ops.multiply(slope, slope, xs);
        Ops.multiply(slope, slope, rest);
        Ops.shift(slope, slope, 1);
        Ops.multiply(slope, slope, s);
        Ops.multiply(Run.vector(dX), Run.vector(dOut), slope);
    }

    void swiglu(Tensor out, Tensor gateUp) {
        long N = out.dim(0), F = out.dim(1);
        INDArray gate = Run.columns(gateUp, 0, F);
        INDArray s = scratch.take(N * F).dense(N, F);
        Ops.sigmoid(s, gate);
        Ops.multiply(s, s, gate);
        Ops.multiply(Run.matrix(out), s, Run.columns(gateUp, F, F));
    }

    /** With {@code s = sigmoid(gate)}: {@code dUp = dOut gate s}, {@code dGate = dOut up (s + gate s (1 - s))}. */
    void swigluBackward(Tensor dGateUp, Tensor dOut, Tensor gateUp) {
        long N = dOut.dim(0), F = dOut.dim(1);
        INDArray gate = Run.columns(gateUp, 0, F);
        INDArray dy = Run.matrix(dOut);
        INDArray s = scratch.take(N * F).dense(N, F);
        INDArray product = scratch.take(N * F).dense(N, F);
        Ops.sigmoid(s, gate);
        Ops.multiply(product, s, gate);
        Ops.multiply(product, product, dy);
        // results of operations are dense here: ND4J writes strided ones slowly, but copies to them fast
        Run.columns(dGateUp, F, F).assign(product);
        Ops.timesOneMinus(product, s);
        Ops.multiply(product, product, gate);
        Ops.add(product, product, s);
        Ops.multiply(product, product, dy);
        Ops.multiply(product, product, Run.columns(gateUp, F, F));
        Run.columns(dGateUp, 0, F).assign(product);
    }
}
