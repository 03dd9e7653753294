package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.engine.cpu.simd.Loops;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers as matrix products. A product is cut into tiles of C that follow from its dims alone, whatever the number of threads:
 * so every element of C comes from the same primitive in every run. Legend: N rows, I inputs, O outputs.
 */
final class Linear {
    /** Work that is worth handing to another thread: some 20 microseconds of a fast core. */
    private static final double TILE_FLOPS = 4e6;

    private static final int LEAST_TILE = 128;
    private static final int TILE_MULTIPLE = 16;

    private final Team team;

    Linear(Team team) {
        this.team = team;
    }

    void forward(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        int I = dim(x, 1);
        int O = outputs(w, layout);
        boolean inPlace = residual != null && CpuArena.address(residual) == CpuArena.address(out);
        Addend addend = residual == null ? Addend.NONE : inPlace ? Addend.OUT : Addend.RESIDUAL;
        GemmSpec spec = GemmSpec.product(
                        dim(x, 0),
                        O,
                        I,
                        Strides.rows(I),
                        weight(layout, I, O).transposed(),
                        Strides.rows(out.dim(1)),
                        x.dtype(),
                        out.dtype())
                .adding(bias != null, addend);
        run(spec, x, w, out, bias, addend == Addend.RESIDUAL ? residual : null);
    }

    void backwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        int I = dim(dX, 1);
        int O = outputs(w, layout);
        GemmSpec spec = GemmSpec.product(
                dim(dX, 0),
                I,
                O,
                Strides.rows(dOut.dim(1)),
                weight(layout, I, O),
                Strides.rows(I),
                dOut.dtype(),
                dX.dtype());
        run(spec, dOut, w, dX, null, null);
    }

    void backwardWeight(Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout) {
        boolean outIn = layout == WeightLayout.OUT_IN;
        Tensor left = outIn ? dOut : x;
        Tensor right = outIn ? x : dOut;
        GemmSpec spec = GemmSpec.product(
                        dim(dW, 0),
                        dim(dW, 1),
                        dim(x, 0),
                        Strides.rows(left.dim(1)).transposed(),
                        Strides.rows(right.dim(1)),
                        Strides.rows(dW.dim(1)),
                        x.dtype(),
                        dW.dtype())
                .adding(false, Addend.OUT);
        run(spec, left, right, dW, null, null);
        if (dBias != null) {
            sumRows(dBias, dOut);
        }
    }

    private static int outputs(Tensor w, WeightLayout layout) {
        return dim(w, layout == WeightLayout.OUT_IN ? 0 : 1);
    }

    /** Strides of W as an {@code [O, I]} matrix. */
    private static Strides weight(WeightLayout layout, int I, int O) {
        return layout == WeightLayout.OUT_IN ? Strides.rows(I) : Strides.rows(O).transposed();
    }

    private void run(GemmSpec spec, Tensor a, Tensor b, Tensor c, @Nullable Tensor bias, @Nullable Tensor residual) {
        long aAddress = CpuArena.address(a);
        long bAddress = CpuArena.address(b);
        long cAddress = CpuArena.address(c);
        long biasAddress = bias == null ? 0 : CpuArena.address(bias);
        long residualAddress = residual == null ? 0 : CpuArena.address(residual);
        int tileRows = tileLength(spec, spec.m());
        int tileColumns = tileRows < spec.m() ? spec.n() : tileLength(spec, spec.n());
        int columnTiles = Team.pieces(spec.n(), tileColumns);
        team.run(Team.pieces(spec.m(), tileRows) * columnTiles, (tile, lane) -> {
            long row = (long) (tile / columnTiles) * tileRows;
            long column = (long) (tile % columnTiles) * tileColumns;
            GemmSpec part =
                    spec.tile((int) Math.min(tileRows, spec.m() - row), (int) Math.min(tileColumns, spec.n() - column));
            long cOffset = row * spec.c().row() + column * spec.c().column();
            lane.multiply(
                    part,
                    aAddress + row * spec.a().row() * spec.in().bytes(),
                    bAddress + column * spec.b().column() * spec.in().bytes(),
                    cAddress + cOffset * spec.out().bytes(),
                    biasAddress + column * Float.BYTES,
                    residualAddress + cOffset * DType.F32.bytes());
        });
    }

    /** How long the tiles are that one side of C is cut into: an even number of them, if there is enough work in each. */
    private static int tileLength(GemmSpec spec, int length) {
        double flops = 2.0 * spec.m() * spec.n() * spec.k();
        int most = Math.min(length / LEAST_TILE, (int) Math.min(flops / TILE_FLOPS, Integer.MAX_VALUE));
        int tiles = Math.max(1, most & -2);
        return tiles == 1 ? length : ((length - 1) / tiles + 1 + TILE_MULTIPLE - 1) & -TILE_MULTIPLE;
    }

    private void sumRows(Tensor dBias, Tensor dOut) {
        long N = dOut.dim(0);
        int O = Math.toIntExact(dBias.size());
        ColumnSums sums = new ColumnSums(team, N, O, 1);
        team.ranges(N, ColumnSums.rowsPerTask(O), (from, to, lane) -> {
            long sum = sums.open(from, 0);
            for (long n = from; n < to; n++) {
                Window row = lane.window(0).read(dOut, n * dOut.dim(1), O);
                Loops.add(sums.view(sum), Memory.at(sum), row.buffer, row.at, row.whole);
            }
        });
        sums.addTo(dBias, 0, N, team.caller());
    }

    private static int dim(Tensor tensor, int axis) {
        return Math.toIntExact(tensor.dim(axis));
    }
}
