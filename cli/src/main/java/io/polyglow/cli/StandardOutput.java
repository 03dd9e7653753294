package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where results go; remembers that they did not get there, which a {@link java.io.PrintStream} keeps to itself. */
final class StandardOutput extends OutputStream {
    private final OutputStream out;
    private volatile @Nullable IOException failure;

    StandardOutput(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /** Fails if something was lost, unless the reader had enough of it, as {@code head} has. */
    void requireWritten() {
        IOException lost = failure;
        if (lost != null
                && !String.valueOf(lost.getMessage()).toLowerCase(Locale.ROOT).contains("pipe")) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "The result is not complete: standard output cannot be written: " + lost.getMessage()
                            + ". Check the free space where it goes, and run the command again.",
                    lost);
        }
    }
}
