package io.polyglow.engine.cpu;

import io.polyglow.trainer.tensor.DType;

/**
 * How a matrix product is cut into tiles of C: by its dims and strides alone, so that threads share out the same tiles however many they are.
 *
 * <p>oneDNN copies the part of a transposed operand that a tile needs, and of B in BF16: B once for each tile, or, but for AMX with a plain A, once for some 256 rows of it, and a transposed A
 * once for some 384 columns. Where A is copied, tiles are therefore bands of rows; where B is, they are blocks with enough rows to make a copy worth while. A plain B of many rows of C, which oneDNN reads in place in F32 though its rows often compete for a few sets of the first
 * cache, is packed once for all tiles ({@link Packing}). Its sums are cut into slices, so that packed columns are a few MiB however many rows B has.
 *
 * @param rows of a tile, but for the last ones
 * @param columns of a tile, but for the last ones
 * @param depth of a slice of the sums, but for the last one; all of them if B is read in place
 * @param packed whether tiles share a packed copy of B
 */
record Tiling(int rows, int columns, int depth, boolean packed) {
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
    private static final int WIDE_ROWS = 256;
    private static final int WIDE_COLUMNS = 384;
    private static final int TALL_ROWS = 512;
    private static final int TALL_COLUMNS = 192;
    private static final int NARROW_ROWS = 512;
    private static final int NARROW_COLUMNS = 64;

    /** Rows of a band that copies B, if this leaves {@link #ENOUGH_BANDS}. */
    private static final int HIGH_BAND_ROWS = 256;

    private static final int LEAST_HIGH_BAND_COLUMNS = 256;
    private static final int ENOUGH_BANDS = 12;
    private static final int PACKED_BAND_COLUMNS = 768;
    private static final int LEAST_BAND_COLUMNS = 384;
    private static final int LOW_BAND_ROWS = 32;
    private static final long LOW_BAND_BYTES = 4 << 20;
    private static final int PACKED_DEPTH = 4096;
    private static final int LEAST_PACKED_ROWS = 256;

    /** Operations of a product that is worth the team's meeting once more. */
    private static final long LEAST_PACKED_FLOPS = 50_000_000;

    /** Columns that are packed at a time take no more. */
    static final long PACKED_BYTES = 16 << 20;

    /**
     * Packed columns take no more at a time in a model whose layers have at most so many rows (of a micro-batch), channels and columns, whatever its vocabulary, were
     * half of it padding.
     */
    static long mostPackedBytes(long rows, long channels, long columns) {
        long ofTable = PACKED_DEPTH * channels;
        long ofLayer = channels * columns;
        long ofRows = Math.min(rows, PACKED_DEPTH) * (channels < LEAST_PACKED_ROWS ? channels : columns);
        return Math.min(PACKED_BYTES, 2 * Float.BYTES * Math.max(ofTable, Math.max(ofLayer, ofRows)));
    }

    static Tiling of(GemmSpec spec) {
        double work = Math.max(
                spec.operations() / TILE_FLOPS,
                (double) spec.k() * spec.n() * spec.in().bytes() / TILE_BYTES);
        int most = (int) Math.min(work, Integer.MAX_VALUE);
        boolean bands = isTransposed(spec.a());
        if (packs(spec)) {
            Tiling tiling = bands ? packedBands(spec) : enoughBlocks(spec, most, TALL_ROWS, TALL_COLUMNS);
            int slices = Team.pieces(spec.k(), PACKED_DEPTH);
            return new Tiling(tiling.rows, tiling.columns, length(spec.k(), slices), true);
        }
        if (spec.in() == DType.BF16) {
            return bands ? highBands(spec, most) : enoughBlocks(spec, most, TALL_ROWS, TALL_COLUMNS);
        }
        return isTransposed(spec.b()) && !bands
                ? enoughBlocks(spec, most, WIDE_ROWS, WIDE_COLUMNS)
                : lowBands(spec, most);
    }

    private static boolean isTransposed(GemmSpec.Strides strides) {
        return strides.column() != 1;
    }

    /** Not in BF16: sums that are rounded cannot be cut into slices, and oneDNN's fast copy to that layout wants all of B, not the columns of a tile. */
    private static boolean packs(GemmSpec spec) {
        return spec.in() == DType.F32
                && !isTransposed(spec.b())
                && spec.m() >= LEAST_PACKED_ROWS
                && spec.n() >= NARROW_COLUMNS
                && spec.operations() >= LEAST_PACKED_FLOPS;
    }

    /** Bands of rows, of wide parts where these are very wide. Where they are few, low ones; or narrower parts, if each would bring a large B through the caches again. */
    private static Tiling packedBands(GemmSpec spec) {
        int byRows = even(spec.m() / LEAST_TILE);
        int byColumns = Team.pieces(spec.n(), PACKED_BAND_COLUMNS);
        if (isLarge(spec) && (long) spec.k() * spec.n() * spec.in().bytes() <= LOW_BAND_BYTES) {
            byRows = Math.max(byRows, Math.min(Team.pieces(ENOUGH_TILES, byColumns), spec.m() / LOW_BAND_ROWS));
        } else if (isLarge(spec)) {
            byColumns = Math.max(byColumns, Math.min(Team.pieces(ENOUGH_TILES, byRows), spec.n() / LEAST_BAND_COLUMNS));
        }
        return new Tiling(length(spec.m(), even(byRows)), length(spec.n(), byColumns), spec.k(), false);
    }

    /** Bands of as many rows as oneDNN multiplies with one copy of B, or where these leave too few tiles, of half of them. */
    private static Tiling highBands(GemmSpec spec, int most) {
        int byRows = Math.max(1, Math.min(Team.pieces(spec.m(), HIGH_BAND_ROWS), most));
        Tiling high = bands(spec, most, byRows, LEAST_HIGH_BAND_COLUMNS);
        return high.tiles(spec) >= ENOUGH_BANDS ? high : lowBands(spec, most);
    }

    private static Tiling lowBands(GemmSpec spec, int most) {
        return bands(spec, most, even(Math.min(spec.m() / LEAST_TILE, most)), LEAST_BAND_COLUMNS);
    }

    /** So many bands of whole rows, or where there is but one, of whole columns; of parts of rows, not narrower than asked, where these are too few bands. */
    private static Tiling bands(GemmSpec spec, int most, int byRows, int leastColumns) {
        int byColumns = byRows > 1 ? 1 : even(Math.min(spec.n() / LEAST_TILE, most));
        if (isLarge(spec) && byRows * byColumns < ENOUGH_TILES) {
            int wanted = Math.min(Team.pieces(ENOUGH_TILES, byRows), most / byRows);
            byColumns = Math.max(byColumns, Math.min(wanted, spec.n() / leastColumns));
        }
        return new Tiling(length(spec.m(), byRows), length(spec.n(), byColumns), spec.k(), false);
    }

    /** Blocks of about so many rows and columns, or where these are too few, narrow ones: with many rows they cost nothing. */
    private static Tiling enoughBlocks(GemmSpec spec, int most, int rows, int columns) {
        Tiling wide = blocks(spec, most, rows, columns);
        if (!isLarge(spec) || wide.tiles(spec) >= ENOUGH_TILES) {
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
        return new Tiling(length(spec.m(), byRows), length(spec.n(), byColumns), spec.k(), false);
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
