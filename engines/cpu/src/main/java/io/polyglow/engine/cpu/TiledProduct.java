package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A matrix product cut into tiles of C, and its sums into slices, by its dims alone, whatever the number of threads: so every element of C comes from the same primitives in every
 * run. Where tiles share a copy of B, the team first packs as many columns of a slice as memory is meant for, then multiplies, and so on. Made once for a spec, then run with the
 * addresses of one call at a time.
 */
final class TiledProduct implements Team.Task {
    private final GemmSpec spec;
    private final Tiling tiling;
    private final int rowTiles;
    private final int columnTiles;
    private final int slices;
    /** Column by column of row by row of slice by slice. */
    private final GemmSpec[] parts;

    /** Column by column of slice by slice; none if B is read in place. */
    private final Packing.Spec[] packings;

    /** Bytes for the packed columns of one tile, whichever takes most: a narrow one may be padded more than a wide one; 0 if B is read in place. */
    private final long packedBytes;
    /** Tiles in a row that are packed and multiplied together. */
    private final int groupTiles;

    private final Team.Task packing = this::pack;

    private long a;
    private long b;
    private long c;
    private long bias;
    private long residual;
    private long packed;
    private int slice;
    private int firstColumn;
    private int groupColumns;

    TiledProduct(GemmSpec spec) {
        this.spec = spec;
        tiling = Tiling.of(spec);
        rowTiles = Team.pieces(spec.m(), tiling.rows());
        columnTiles = Team.pieces(spec.n(), tiling.columns());
        slices = Team.pieces(spec.k(), tiling.depth());
        parts = new GemmSpec[slices * rowTiles * columnTiles];
        GemmSpec whole = tiling.packed() ? spec.withB(Strides.PACKED) : spec;
        for (int i = 0; i < parts.length; i++) {
            int at = i / columnTiles / rowTiles;
            parts[i] = (at == 0 ? whole : whole.adding(false, Addend.OUT))
                    .part(
                            length(spec.m(), tiling.rows(), i / columnTiles % rowTiles),
                            length(spec.n(), tiling.columns(), i % columnTiles),
                            length(spec.k(), tiling.depth(), at));
        }
        packings = new Packing.Spec[tiling.packed() ? slices * columnTiles : 0];
        for (int i = 0; i < packings.length; i++) {
            packings[i] = Packing.Spec.of(parts[i / columnTiles * rowTiles * columnTiles + i % columnTiles], spec.b());
        }
        packedBytes = Arrays.stream(packings)
                .distinct()
                .mapToLong(Packing.Spec::bytes)
                .max()
                .orElse(0);
        groupTiles = tiling.packed()
                ? (int) Math.max(1, Math.min(columnTiles, Tiling.PACKED_BYTES / packedBytes))
                : columnTiles;
    }

    void run(Team team, Tensor left, Tensor right, Tensor out, @Nullable Tensor addedRow, @Nullable Tensor added) {
        a = CpuArena.address(left);
        b = CpuArena.address(right);
        c = CpuArena.address(out);
        bias = addedRow == null ? 0 : CpuArena.address(addedRow);
        residual = added == null ? 0 : CpuArena.address(added);
        packed = tiling.packed() ? team.scratch(packedBytes * groupTiles).address(0) : 0;
        for (slice = 0; slice < slices; slice++) {
            for (firstColumn = 0; firstColumn < columnTiles; firstColumn += groupTiles) {
                groupColumns = Math.min(groupTiles, columnTiles - firstColumn);
                if (tiling.packed()) {
                    team.run(groupColumns, packing);
                }
                team.run(rowTiles * groupColumns, this);
            }
        }
    }

    private void pack(int index, Lane lane) {
        int column = firstColumn + index;
        lane.pack(packings[slice * columnTiles + column], right(column), packed + index * packedBytes);
    }

    @Override
    public void run(int index, Lane lane) {
        int tile = index % groupColumns;
        int rowTile = index / groupColumns;
        long row = (long) rowTile * tiling.rows();
        int columnTile = firstColumn + tile;
        long column = (long) columnTile * tiling.columns();
        long depth = (long) slice * tiling.depth();
        long cOffset = row * spec.c().row() + column * spec.c().column();
        lane.multiply(
                parts[(slice * rowTiles + rowTile) * columnTiles + columnTile],
                a
                        + (row * spec.a().row() + depth * spec.a().column())
                                * spec.in().bytes(),
                tiling.packed() ? packed + tile * packedBytes : right(columnTile),
                c + cOffset * spec.out().bytes(),
                bias + column * Float.BYTES,
                residual + cOffset * DType.F32.bytes());
    }

    /** Address of the present slice of the columns of a tile, as B lies in memory. */
    private long right(int columnTile) {
        long row = (long) slice * tiling.depth();
        long column = (long) columnTile * tiling.columns();
        return b
                + (row * spec.b().row() + column * spec.b().column())
                        * spec.in().bytes();
    }

    private static int length(int size, int piece, int index) {
        return Math.min(piece, size - index * piece);
    }
}
