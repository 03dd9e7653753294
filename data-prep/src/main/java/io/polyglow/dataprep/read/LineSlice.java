package io.polyglow.dataprep.read;

import java.io.IOException;
import java.io.InputStream;

/**
 * The lines of a file that start in bytes {@code [start, end)}, {@code start < end}: slices that cover a file hold each line exactly once,
 * wherever they are cut. To know whether a line starts at {@code start}, a reader looks at the byte before.
 */
public record LineSlice(long start, long end) {

    /** Where a stream has to stand for {@link #align} and {@link #countLines}. */
    public long seek() {
        return Math.max(0, start - 1);
    }

    /**
     * Passes over the rest of a line that starts before the slice, but not beyond the slice: of a line over many slices each reads its own part.
     *
     * @return bytes left from there to the end of the slice; 0 when no line starts in it
     */
    public long align(InputStream in) throws IOException {
        if (start == 0) {
            return end;
        }
        // a newline at p starts a line at p + 1
        for (long next = start; next < end; next++) {
            int b = in.read();
            if (b == '\n' || b < 0) {
                return b < 0 ? 0 : end - next;
            }
        }
        return 0;
    }

    /** Number of lines that start in the slice. */
    public long countLines(InputStream in) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long lines = start == 0 ? 1 : 0;
        // a newline at p starts a line at p + 1
        long left = end - 1 - seek();
        for (int n = read(in, buffer, left); n > 0; n = read(in, buffer, left)) {
            left -= n;
            for (int i = 0; i < n; i++) {
                lines += buffer[i] == '\n' ? 1 : 0;
            }
        }
        return lines;
    }

    private static int read(InputStream in, byte[] buffer, long left) throws IOException {
        return left == 0 ? 0 : in.read(buffer, 0, (int) Math.min(buffer.length, left));
    }
}
