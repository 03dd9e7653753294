package io.polyglow.dataprep.language.fasttext;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * {@code QuantMatrix} of fastText: a row is one byte per group of columns, the number of a centroid of that group, and where norms are quantised too, one
 * byte that names the row's norm (Jégou et al., Product Quantization for Nearest Neighbor Search, 2011; {@code src/quantmatrix.cc}). The codes stay in the
 * mapped file.
 */
final class QuantizedRows implements Rows {
    private final MappedFile file;
    private final long codes;
    private final int rows;
    private final Codebook codebook;
    private final long normCodes;
    private final @Nullable Codebook norms;

    private QuantizedRows(
            MappedFile file, long codes, int rows, Codebook codebook, long normCodes, @Nullable Codebook norms) {
        this.file = file;
        this.codes = codes;
        this.rows = rows;
        this.codebook = codebook;
        this.normCodes = normCodes;
        this.norms = norms;
    }

    static QuantizedRows read(ModelCursor in, int dim) {
        boolean quantizedNorms = in.nextBoolean();
        int rows = in.nextLongCount("rows", 1);
        long columns = in.nextLong();
        in.require(columns == dim, "a matrix of " + columns + " columns where the model has " + dim);
        int codeBytes = in.nextCount("codes", 1);
        long codes = in.advance(1, codeBytes);
        Codebook codebook = Codebook.read(in);
        in.require(
                codebook.dim() == dim && (long) codebook.groups() * rows == codeBytes,
                "codes that do not fit the rows");
        if (!quantizedNorms) {
            return new QuantizedRows(in.file(), codes, rows, codebook, 0, null);
        }
        long normCodes = in.advance(1, rows);
        Codebook norms = Codebook.read(in);
        in.require(norms.dim() == 1, "norms of more than one column");
        return new QuantizedRows(in.file(), codes, rows, codebook, normCodes, norms);
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public void add(int row, float[] sum) {
        long position = position(row);
        codebook.add(file.chunk(position), MappedFile.inChunk(position), norm(row), sum);
    }

    @Override
    public float dot(int row, float[] x) {
        long position = position(row);
        return codebook.dot(file.chunk(position), MappedFile.inChunk(position), x) * norm(row);
    }

    private long position(int row) {
        return codes + (long) row * codebook.groups();
    }

    private float norm(int row) {
        return norms == null ? 1 : norms.first(file.getByte(normCodes + row) & 0xFF);
    }

    /** {@code ProductQuantizer} of fastText: 256 centroids for each group of columns; the last group may be narrower. */
    private static final class Codebook {
        private static final int CENTROIDS = 256;

        private final int dim;
        private final int groups;
        private final int width;
        private final float[] centroids;

        private Codebook(int dim, int groups, int width, float[] centroids) {
            this.dim = dim;
            this.groups = groups;
            this.width = width;
            this.centroids = centroids;
        }

        static Codebook read(ModelCursor in) {
            int dim = in.nextCount("columns", CENTROIDS * Float.BYTES);
            int groups = in.nextInt();
            int width = in.nextInt();
            int lastWidth = in.nextInt();
            in.require(
                    groups > 0
                            && width > 0
                            && lastWidth > 0
                            && lastWidth <= width
                            && (long) (groups - 1) * width + lastWidth == dim,
                    "groups of columns that do not add up");
            float[] centroids = new float[dim * CENTROIDS];
            for (int i = 0; i < centroids.length; i++) {
                centroids[i] = in.nextFloat();
            }
            return new Codebook(dim, groups, width, centroids);
        }

        int dim() {
            return dim;
        }

        int groups() {
            return groups;
        }

        float first(int code) {
            return centroids[code];
        }

        void add(ByteBuffer code, int at, float scale, float[] sum) {
            for (int group = 0, column = 0; group < groups; group++) {
                int end = Math.min(dim, column + width);
                int centroid = centroid(group, code.get(at + group) & 0xFF, end - column);
                while (column < end) {
                    sum[column++] += scale * centroids[centroid++];
                }
            }
        }

        float dot(ByteBuffer code, int at, float[] x) {
            float sum = 0;
            for (int group = 0, column = 0; group < groups; group++) {
                int end = Math.min(dim, column + width);
                int centroid = centroid(group, code.get(at + group) & 0xFF, end - column);
                while (column < end) {
                    sum += x[column++] * centroids[centroid++];
                }
            }
            return sum;
        }

        /** The last group's centroids lie closer together, since they are narrower. */
        private int centroid(int group, int code, int widthHere) {
            return group * CENTROIDS * width + code * widthHere;
        }
    }
}
