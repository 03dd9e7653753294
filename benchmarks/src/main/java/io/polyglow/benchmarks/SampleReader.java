package io.polyglow.benchmarks;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The samples of {@code tokens.i32}, in order. */
final class SampleReader implements AutoCloseable {
    private final DataInputStream in;
    private final int context;

    SampleReader(Path file, int context) throws IOException {
        this.in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16));
        this.context = context;
    }

    /** The next {@code batch} samples, {@code micro} at a time. */
    int[][][] next(int batch, int micro) throws IOException {
        int[][][] samples = new int[batch / micro][micro][context + 1];
        for (int[][] part : samples) {
            for (int[] sample : part) {
                for (int i = 0; i < sample.length; i++) {
                    sample[i] = Integer.reverseBytes(in.readInt());
                }
            }
        }
        return samples;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
