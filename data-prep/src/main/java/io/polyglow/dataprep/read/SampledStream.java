package io.polyglow.dataprep.read;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A stream whose first bytes were looked at before it is read. Where they could not be read it fails when it is read so far, not before. Not thread-safe. */
final class SampledStream extends InputStream {
    private final InputStream in;
    private final byte[] sample;
    private int position;
    private @Nullable IOException failure;

    /** Reads the first {@code maxBytes} of {@code in}, or as many as there are. */
    SampledStream(InputStream in, int maxBytes) {
        this.in = in;
        byte[] bytes = new byte[maxBytes];
        int length = 0;
        try {
            for (int n = in.read(bytes); n > 0; n = in.read(bytes, length, maxBytes - length)) {
                length += n;
            }
        } catch (IOException e) {
            failure = e;
        }
        this.sample = Arrays.copyOf(bytes, length);
    }

    /** The first bytes. */
    byte[] sample() {
        return sample.clone();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        int n = Math.min(length, sample.length - position);
        if (n > 0) {
            System.arraycopy(sample, position, into, from, n);
            position += n;
            return n;
        }
        IOException failed = failure;
        failure = null;
        if (failed != null) {
            throw failed;
        }
        return in.read(into, from, length);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
