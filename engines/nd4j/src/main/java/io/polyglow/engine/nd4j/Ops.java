package io.polyglow.engine.nd4j;

import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.same.Max;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarAdd;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMin;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMultiplication;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterUpdate.UpdateOp;
import org.nd4j.linalg.api.ops.impl.shape.Gather;
import org.nd4j.linalg.api.ops.impl.transforms.floating.RSqrt;
import org.nd4j.linalg.api.ops.impl.transforms.floating.Sqrt;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.AddOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.DivOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.MulOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.SubOp;
import org.nd4j.linalg.api.ops.impl.transforms.same.Reciprocal;
import org.nd4j.linalg.api.ops.impl.transforms.same.Square;
import org.nd4j.linalg.api.ops.impl.transforms.same.TimesOneMinus;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Log;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sigmoid;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The operations of ND4J that the kernels are made of, each with a given result {@code z}, which may be an operand where every element depends on the same
 * element only. In the four binary ones {@code y} may have dims of 1, which repeat.
 */
final class Ops {
    private Ops() {}

    /** {@code z = x + y}. */
    static void add(INDArray z, INDArray x, INDArray y) {
        exec(new AddOp(x, y, z));
    }

    /** {@code z = x - y}. */
    static void subtract(INDArray z, INDArray x, INDArray y) {
        exec(new SubOp(x, y, z));
    }

    /** {@code z = x * y}. */
    static void multiply(INDArray z, INDArray x, INDArray y) {
        exec(new MulOp(x, y, z));
    }

    /** {@code z = x / y}. */
    static void divide(INDArray z, INDArray x, INDArray y) {
        exec(new DivOp(x, y, z));
    }

    /** {@code z = factor * x}. */
    static void scale(INDArray z, INDArray x, double factor) {
        exec(new ScalarMultiplication(x, null, z, factor));
    }

    /** {@code z = x + addend}. */
    static void shift(INDArray z, INDArray x, double addend) {
        exec(new ScalarAdd(x, null, z, addend));
    }

    /** {@code z = x^2}. */
    static void square(INDArray z, INDArray x) {
        exec(new Square(x, z));
    }

    /** {@code z = sqrt(x)}. */
    static void sqrt(INDArray z, INDArray x) {
        exec(new Sqrt(x, z));
    }

    /** {@code z = 1 / sqrt(x)}. */
    static void rsqrt(INDArray z, INDArray x) {
        exec(new RSqrt(x, z));
    }

    /** {@code z = e^x}. */
    static void exp(INDArray z, INDArray x) {
        exec(new Exp(x, z));
    }

    /** {@code z = log x}. */
    static void log(INDArray z, INDArray x) {
        exec(new Log(x, z));
    }

    /** {@code z = 1 / (1 + e^-x)}. */
    static void sigmoid(INDArray z, INDArray x) {
        exec(new Sigmoid(x, z));
    }

    /** {@code z = 1 / x}. */
    static void reciprocal(INDArray z, INDArray x) {
        exec(new Reciprocal(x, z));
    }

    /** {@code z = min(x, bound)}. */
    static void atMost(INDArray z, INDArray x, double bound) {
        exec(new ScalarMin(x, null, z, bound));
    }

    /** {@code z = x (1 - x)}. */
    static void timesOneMinus(INDArray z, INDArray x) {
        exec(new TimesOneMinus(x, z));
    }

    /** {@code z[n...] = sum over c of x[n..., c]}, added one after the other. */
    static void sumLast(INDArray z, INDArray x) {
        exec(new Sum(x, z, x.rank() - 1));
    }

    /** {@code z[n] = max over c of x[n, c]}. */
    static void maxRows(INDArray z, INDArray x) {
        exec(new Max(x, z, 1));
    }

    /** {@code z = alpha x y + beta z}, of matrices or of stacks of matrices in the last two dims. */
    static void product(INDArray z, INDArray x, INDArray y, double alpha, double beta) {
        exec(new Mmul(x, y, z, alpha, beta, MMulTranspose.allFalse()));
    }

    /** {@code z[n] = x[indices[n]]}. */
    static void gather(INDArray z, INDArray x, INDArray indices) {
        Gather gather = new Gather(x, indices, 0);
        gather.addOutputArgument(z);
        exec(gather);
    }

    /** {@code z[indices[n]] += x[n]}, rows in order; repeated indices too. Deprecated, but its successor keeps no order on GPUs. */
    @SuppressWarnings("deprecation")
    static void scatterAdd(INDArray z, INDArray indices, INDArray x) {
        Nd4j.getExecutioner().scatterUpdate(UpdateOp.ADD, z, indices, x, new int[] {1});
    }

    private static void exec(Op op) {
        Nd4j.getExecutioner().exec(op);
    }

    private static void exec(CustomOp op) {
        Nd4j.getExecutioner().exec(op);
    }
}
