package io.polyglow.engine.cpu;

import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A matrix product cut into tiles of C that follow from its dims alone, whatever the number of threads: so every element of C comes from the
 * same primitive in every run. Made once for a spec, then run with the addresses of one call at a time.
 */
final class TiledProduct implements Team.Task {
    /** Work that is worth handing to another thread: some 20 microseconds of a fast core. */
    private static final double TILE_FLOPS = 4e6;

    private static final int LEAST_TILE = 128;
    private static final int TILE_MULTIPLE = 16;

    private final GemmSpec spec;
    private final int tileRows;
    private final int tileColumns;
    private final int columnTiles;
    private final GemmSpec[] tiles;

    private long a;
    private long b;
    private long c;
    private long bias;
    private long residual;

    TiledProduct(GemmSpec spec) {
        this.spec = spec;
        tileRows = tileLength(spec, spec.m());
        tileColumns = tileRows < spec.m() ? spec.n() : tileLength(spec, spec.n());
        columnTiles = Team.pieces(spec.n(), tileColumns);
        tiles = new GemmSpec[Team.pieces(spec.m(), tileRows) * columnTiles];
        for (int tile = 0; tile < tiles.length; tile++) {
            int rows = (int) Math.min(tileRows, spec.m() - row(tile));
            tiles[tile] = spec.tile(rows, (int) Math.min(tileColumns, spec.n() - column(tile)));
        }
    }

    /** How long the tiles are that one side of C is cut into: an even number of them, if there is enough work in each. */
    private static int tileLength(GemmSpec spec, int length) {
        double flops = 2.0 * spec.m() * spec.n() * spec.k();
        int most = Math.min(length / LEAST_TILE, (int) Math.min(flops / TILE_FLOPS, Integer.MAX_VALUE));
        int tiles = Math.max(1, most & -2);
        return tiles == 1 ? length : ((length - 1) / tiles + 1 + TILE_MULTIPLE - 1) & -TILE_MULTIPLE;
    }

    void run(Team team, Tensor left, Tensor right, Tensor out, @Nullable Tensor addedRow, @Nullable Tensor added) {
        a = CpuArena.address(left);
        b = CpuArena.address(right);
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
                b + column * spec.b().column() * spec.in().bytes(),
                c + cOffset * spec.out().bytes(),
                bias + column * Float.BYTES,
                residual + cOffset * DType.F32.bytes());
    }

    private long row(int tile) {
        return (long) (tile / columnTiles) * tileRows;
    }

    private long column(int tile) {
        return (long) (tile % columnTiles) * tileColumns;
    }
}
