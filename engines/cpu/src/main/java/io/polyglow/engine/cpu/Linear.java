package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Linear layers as matrix products. Legend: N rows, I inputs, O outputs. */
final class Linear {
    private static final int FORWARD = 0;
    private static final int BACKWARD_INPUT = 1;
    private static final int BACKWARD_WEIGHT = 2;

    private final Team team;
    private final TiledProducts products = new TiledProducts();

    Linear(Team team) {
        this.team = team;
    }

    void forward(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        int N = dim(x, 0);
        int I = dim(x, 1);
        int O = outputs(w, layout);
        boolean inPlace = residual != null && CpuArena.address(residual) == CpuArena.address(out);
        Addend addend = residual == null ? Addend.NONE : inPlace ? Addend.OUT : Addend.RESIDUAL;
        int ld = dim(out, 1);
        int kind = TiledProducts.kind(FORWARD, layout, x.dtype(), out.dtype(), bias != null, addend, ld - O);
        TiledProduct product = products.find(kind, N, I, O);
        if (product == null) {
            Strides weight = weight(layout, I, O).transposed();
            GemmSpec spec =
                    GemmSpec.product(N, O, I, Strides.rows(I), weight, Strides.rows(ld), x.dtype(), out.dtype());
            product = products.put(kind, N, I, O, spec.adding(bias != null, addend));
        }
        product.run(team, x, w, out, bias, addend == Addend.RESIDUAL ? residual : null);
    }

    void backwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        int N = dim(dX, 0);
        int I = dim(dX, 1);
        int O = outputs(w, layout);
        int ld = dim(dOut, 1);
        int kind = TiledProducts.kind(BACKWARD_INPUT, layout, dOut.dtype(), dX.dtype(), false, Addend.NONE, ld - O);
        TiledProduct product = products.find(kind, N, I, O);
        if (product == null) {
            Strides weight = weight(layout, I, O);
            GemmSpec spec =
                    GemmSpec.product(N, I, O, Strides.rows(ld), weight, Strides.rows(I), dOut.dtype(), dX.dtype());
            product = products.put(kind, N, I, O, spec);
        }
        product.run(team, dOut, w, dX, null, null);
    }

    void backwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate) {
        boolean outIn = layout == WeightLayout.OUT_IN;
        Tensor left = outIn ? dOut : x;
        Tensor right = outIn ? x : dOut;
        int N = dim(x, 0);
        int m = dim(dW, 0);
        int n = dim(dW, 1);
        int padding = dim(dOut, 1) - (outIn ? m : n);
        Addend addend = accumulate ? Addend.OUT : Addend.NONE;
        int kind = TiledProducts.kind(BACKWARD_WEIGHT, layout, x.dtype(), dW.dtype(), false, addend, padding);
        TiledProduct product = products.find(kind, N, m, n);
        if (product == null) {
            Strides leftRows = Strides.rows(dim(left, 1));
            Strides rightRows = Strides.rows(dim(right, 1));
            GemmSpec spec =
                    GemmSpec.product(m, n, N, leftRows.transposed(), rightRows, Strides.rows(n), x.dtype(), dW.dtype());
            product = products.put(kind, N, m, n, spec.adding(false, addend));
        }
        product.run(team, left, right, dW, null, null);
        if (dBias != null) {
            sumRows(dBias, dOut, accumulate);
        }
    }

    private static int outputs(Tensor w, WeightLayout layout) {
        return dim(w, layout == WeightLayout.OUT_IN ? 0 : 1);
    }

    /** Strides of W as an {@code [O, I]} matrix. */
    private static Strides weight(WeightLayout layout, int I, int O) {
        return layout == WeightLayout.OUT_IN ? Strides.rows(I) : Strides.rows(O).transposed();
    }

    void sumRows(Tensor dBias, Tensor dOut, boolean accumulate) {
        long N = dOut.dim(0);
        int O = Math.toIntExact(dBias.size());
        ColumnSums sums = new ColumnSums(team, N, O, 1);
        team.ranges(N, ColumnSums.rowsPerTask(O), (from, to, lane) -> {
            long sum = sums.open(from, 0);
            for (long n = from; n < to; n++) {
                lane.window(0).addTo(sums.view(sum), Memory.at(sum), dOut, n * dOut.dim(1), O);
            }
        });
        if (accumulate) {
            sums.addTo(dBias, 0, N, team.caller());
        } else {
            sums.writeTo(dBias, 0, N, team.caller());
        }
    }

    private static int dim(Tensor tensor, int axis) {
        return Math.toIntExact(tensor.dim(axis));
    }
}
