package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A matrix product cut into tiles of C that follow from its dims alone, whatever the number of threads: so every element of C comes from the
 * same primitive in every run. Made once for a spec, then run with the addresses of one call at a time.
 */
final class TiledProduct implements Team.Task {
    private final GemmSpec spec;
    private final Tiling tiling;
    private final int columnTiles;
    private final GemmSpec[] tiles;

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
        tiles = new GemmSpec[Team.pieces(spec.m(), tiling.rows()) * columnTiles];
        GemmSpec whole = tiling.panelRow() == 0 ? spec : spec.withB(Strides.rows(tiling.panelRow()));
        for (int tile = 0; tile < tiles.length; tile++) {
            int rows = (int) Math.min(tiling.rows(), spec.m() - row(tile));
            tiles[tile] = whole.tile(rows, (int) Math.min(tiling.columns(), spec.n() - column(tile)));
        }
    }

    void run(Team team, Tensor left, Tensor newRight, Tensor out, @Nullable Tensor addedRow, @Nullable Tensor added) {
        a = CpuArena.address(left);
        right = newRight;
        b = CpuArena.address(newRight);
        c = CpuArena.address(out);
        bias = addedRow == null ? 0 : CpuArena.address(addedRow);
        residual = added == null ? 0 : CpuArena.address(added);
        team.run(tiles.length, this);
    }

    @Override
    public void run(int tile, Lane lane) {
        long row = row(tile);
        long column = column(tile);
        long cOffset = row * spec.c().row() + column * spec.c().column();
        lane.multiply(
                tiles[tile],
                a + row * spec.a().row() * spec.in().bytes(),
                tiling.panelRow() == 0
                        ? b + column * spec.b().column() * spec.in().bytes()
                        : panel(column, tiles[tile].n(), lane),
                c + cOffset * spec.out().bytes(),
                bias + column * Float.BYTES,
                residual + cOffset * DType.F32.bytes());
    }

    /** Copies some columns of B to the lane's scratch; returns the address. */
    private long panel(long column, int columns, Lane lane) {
        Memory panel = lane.scratch((long) spec.k() * tiling.panelRow() * Float.BYTES);
        Tensor all = Objects.requireNonNull(right);
        Memory source = CpuArena.memory(all);
        for (int k = 0; k < spec.k(); k++) {
            long from = all.offset() + (k * spec.b().row() + column) * Float.BYTES;
            long to = (long) k * tiling.panelRow() * Float.BYTES;
            panel.view(to).put(Memory.at(to), source.view(from), Memory.at(from), columns * Float.BYTES);
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
