package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A matrix product cut into tiles of C, and these into slices of its sums, that follow from its dims alone, whatever the number of threads: so every element of C comes from the
 * same primitives in every run. Made once for a spec, then run with the addresses of one call at a time.
 */
final class TiledProduct implements Team.Task {
    private final GemmSpec spec;
    private final Tiling tiling;
    private final int columnTiles;
    private final int slices;
    /** Slice by slice of tile by tile. */
    private final GemmSpec[] parts;

    private long a;
    private long b;
    private long c;
    private long bias;
    private long residual;
    private @Nullable Tensor right;

    TiledProduct(GemmSpec spec) {
        this.spec = spec;
        tiling = Tiling.of(spec);
        columnTiles = Team.pieces(spec.n(), tiling.columns());
        slices = Team.pieces(spec.k(), tiling.depth());
        parts = new GemmSpec[Team.pieces(spec.m(), tiling.rows()) * columnTiles * slices];
        GemmSpec whole = tiling.panelRow() == 0 ? spec : spec.withB(Strides.rows(tiling.panelRow()));
        for (int part = 0; part < parts.length; part++) {
            int tile = part / slices;
            int slice = part % slices;
            parts[part] = (slice == 0 ? whole : whole.adding(false, Addend.OUT))
                    .part(
                            (int) Math.min(tiling.rows(), spec.m() - row(tile)),
                            (int) Math.min(tiling.columns(), spec.n() - column(tile)),
                            Math.min(tiling.depth(), spec.k() - slice * tiling.depth()));
        }
    }

    void run(Team team, Tensor left, Tensor newRight, Tensor out, @Nullable Tensor addedRow, @Nullable Tensor added) {
        a = CpuArena.address(left);
        right = newRight;
        b = CpuArena.address(newRight);
        c = CpuArena.address(out);
        bias = addedRow == null ? 0 : CpuArena.address(addedRow);
        residual = added == null ? 0 : CpuArena.address(added);
        team.run(parts.length / slices, this);
    }

    @Override
    public void run(int tile, Lane lane) {
        long row = row(tile);
        long column = column(tile);
        long cOffset = row * spec.c().row() + column * spec.c().column();
        for (int slice = 0; slice < slices; slice++) {
            GemmSpec part = parts[tile * slices + slice];
            long depth = (long) slice * tiling.depth();
            lane.multiply(
                    part,
                    a
                            + (row * spec.a().row() + depth * spec.a().column())
                                    * spec.in().bytes(),
                    tiling.panelRow() == 0
                            ? b + column * spec.b().column() * spec.in().bytes()
                            : panel(depth, column, part, lane),
                    c + cOffset * spec.out().bytes(),
                    bias + column * Float.BYTES,
                    residual + cOffset * DType.F32.bytes());
        }
    }

    /** Copies the part of B that begins at this row and column to the lane's scratch; returns the address. */
    private long panel(long row, long column, GemmSpec part, Lane lane) {
        Memory panel = lane.scratch((long) tiling.depth() * tiling.panelRow() * Float.BYTES);
        Tensor all = Objects.requireNonNull(right);
        Memory source = CpuArena.memory(all);
        for (int k = 0; k < part.k(); k++) {
            long from = all.offset() + ((row + k) * spec.b().row() + column) * Float.BYTES;
            long to = (long) k * tiling.panelRow() * Float.BYTES;
            panel.view(to).put(Memory.at(to), source.view(from), Memory.at(from), part.n() * Float.BYTES);
        }
        return panel.address(0);
    }

    private long row(int tile) {
        return (long) (tile / columnTiles) * tiling.rows();
    }

    private long column(int tile) {
        return (long) (tile % columnTiles) * tiling.columns();
    }
}
