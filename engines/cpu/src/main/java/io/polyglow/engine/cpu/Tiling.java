package io.polyglow.engine.cpu;

import io.polyglow.trainer.tensor.DType;

/**
 * How a matrix product is cut into tiles of C: by its dims and strides alone, so that threads share out the same tiles however many they are.
 *
 * <p>oneDNN copies, once for each tile, the part of a transposed operand that the tile needs, and of B in BF16. Where A is copied, tiles are therefore bands of rows; where B is,
 * they are blocks with enough rows to make a copy worth while. A plain B whose rows lie a multiple of 512 bytes apart oneDNN reads in place, though its rows then compete for an eighth of
 * the sets of the first cache: tiles of many rows first copy their columns of it to a panel, slice by slice
 * of the sums, so that a panel is a few MiB however many rows B has.
 *
 * @param rows of a tile, but for the last ones
 * @param columns of a tile, but for the last ones
 * @param depth of a slice of the sums, but for the last one; all of them if B is read in place
 * @param panelRow elements from one row of a panel of B to the next, an odd number of cache lines; 0 if B is read in place
 */
record Tiling(int rows, int columns, int depth, int panelRow) {
    /** Work that is worth handing to another thread: some 20 microseconds of a fast core. */
    private static final double TILE_FLOPS = 4e6;

    /** The same where a product of few rows waits for its weights. */
    private static final double TILE_BYTES = 1 << 19;

    /** Operations of a product that is worth sharing among many threads. */
    private static final long LARGE_FLOPS = 200_000_000;

    /** Tiles of such a product, if its rows and columns allow. */
    private static final int ENOUGH_TILES = 24;

    private static final int LEAST_TILE = 128;
    private static final int TILE_MULTIPLE = 16;
    private static final int BLOCK_ROWS = 256;
    private static final int BLOCK_COLUMNS = 384;
    private static final int PANEL_ROWS = 512;
    private static final int PANEL_COLUMNS = 192;
    private static final int PANEL_DEPTH = 4096;
    private static final int LEAST_PANEL_ROWS = 256;
    private static final int NARROW_ROWS = 512;
    private static final int NARROW_COLUMNS = 64;
    private static final int LEAST_BAND_COLUMNS = 384;
    private static final int CROWDED_BYTES = 512;
    private static final int PAGE_BYTES = 4096;
    private static final int LINE = 64 / Float.BYTES;

    /** No panel is larger. */
    static final long MOST_PANEL_BYTES =
            (long) (PANEL_DEPTH + TILE_MULTIPLE) * (2 * PANEL_COLUMNS + LINE) * Float.BYTES;

    static Tiling of(GemmSpec spec) {
        double work = Math.max(
                spec.operations() / TILE_FLOPS,
                (double) spec.k() * spec.n() * spec.in().bytes() / TILE_BYTES);
        int most = (int) Math.min(work, Integer.MAX_VALUE);
        if (wantsPanels(spec)) {
            Tiling tiling = enoughBlocks(spec, most, PANEL_ROWS, PANEL_COLUMNS);
            return new Tiling(
                    tiling.rows,
                    tiling.columns,
                    length(spec.k(), Team.pieces(spec.k(), PANEL_DEPTH)),
                    (tiling.columns + LINE - 1) / LINE / 2 * 2 * LINE + LINE);
        }
        boolean bands = isTransposed(spec.a());
        boolean copied = isTransposed(spec.b()) || spec.in() == DType.BF16;
        return copied && !bands ? enoughBlocks(spec, most, BLOCK_ROWS, BLOCK_COLUMNS) : bands(spec, most);
    }

    private static boolean isTransposed(GemmSpec.Strides strides) {
        return strides.column() != 1;
    }

    /** With A transposed the gain is less than the cost of copying A for more tiles, unless all rows of B fall into the same sets. */
    private static boolean wantsPanels(GemmSpec spec) {
        long bytes = spec.b().row() * Float.BYTES;
        return spec.in() == DType.F32
                && !isTransposed(spec.b())
                && spec.m() >= LEAST_PANEL_ROWS
                && spec.n() >= PANEL_COLUMNS
                && bytes % (isTransposed(spec.a()) ? PAGE_BYTES : CROWDED_BYTES) == 0;
    }

    /** Bands of whole rows, or of whole columns where the rows are too few; of wide parts of rows where these are too few bands. */
    private static Tiling bands(GemmSpec spec, int most) {
        int byRows = even(Math.min(spec.m() / LEAST_TILE, most));
        int byColumns = byRows > 1 ? 1 : even(Math.min(spec.n() / LEAST_TILE, most));
        if (isLarge(spec) && byRows * byColumns < ENOUGH_TILES) {
            int wanted = Math.min(Team.pieces(ENOUGH_TILES, byRows), most / byRows);
            byColumns = Math.max(byColumns, Math.min(wanted, spec.n() / LEAST_BAND_COLUMNS));
        }
        return new Tiling(length(spec.m(), byRows), length(spec.n(), byColumns), spec.k(), 0);
    }

    /** Blocks of about so many rows and columns, or where these are too few, narrow ones: with many rows they cost nothing, unless A is copied for each. */
    private static Tiling enoughBlocks(GemmSpec spec, int most, int rows, int columns) {
        Tiling wide = blocks(spec, most, rows, columns);
        if (!isLarge(spec) || isTransposed(spec.a()) || wide.tiles(spec) >= ENOUGH_TILES) {
            return wide;
        }
        Tiling narrow = blocks(spec, most, NARROW_ROWS, NARROW_COLUMNS);
        return narrow.tiles(spec) > wide.tiles(spec) ? narrow : wide;
    }

    /** About so many rows and columns each; an even number of tiles if they are few. */
    private static Tiling blocks(GemmSpec spec, int most, int rows, int columns) {
        int byRows = Math.max(1, Math.min(Team.pieces(spec.m(), rows), most));
        int byColumns = Math.max(1, Math.min(spec.n() / columns, most / byRows));
        boolean odd = (byRows & byColumns & 1) == 1;
        if (odd && spec.n() / (byColumns + 1) >= LEAST_TILE && byRows * (byColumns + 1) <= most) {
            byColumns++;
        }
        return new Tiling(length(spec.m(), byRows), length(spec.n(), byColumns), spec.k(), 0);
    }

    /** How many tiles C has. */
    int tiles(GemmSpec spec) {
        return Team.pieces(spec.m(), rows) * Team.pieces(spec.n(), columns);
    }

    private static boolean isLarge(GemmSpec spec) {
        return spec.operations() >= LARGE_FLOPS;
    }

    private static int even(int count) {
        return Math.max(1, count & -2);
    }

    private static int length(int size, int pieces) {
        return pieces == 1 ? size : ((size - 1) / pieces + 1 + TILE_MULTIPLE - 1) & -TILE_MULTIPLE;
    }
}
