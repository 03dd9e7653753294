package io.polyglow.dataprep.read;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The bytes of a file as the storage gives them. When the storage fails, the error is thrown unchecked, since a retry may cure it; so every {@link IOException}
 * that a decoder above throws is the fault of the file.
 */
public final class StoredBytes extends FilterInputStream {
    private final String name;

    /** Reads {@code in}; errors call it {@code name}. */
    public StoredBytes(String name, InputStream in) {
        super(in);
        this.name = name;
    }

    @Override
    public int read() {
        try {
            return in.read();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        try {
            return in.read(into, offset, length);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public long skip(long n) {
        try {
            return in.skip(n);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private UncheckedIOException failed(IOException e) {
        return new UncheckedIOException("cannot read " + name + ": " + e.getMessage(), e);
    }
}
