package io.polyglow.common.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is written over hours, through failures of its store: what has been written since the last {@link #sync} is kept in memory, and when an operation
 * fails, the file is opened again and gets what it lacks of that, each byte once. Errors surface in {@link #sync} and {@link #close}, after as many tries as
 * {@link Retry} has patience for. For one writer that syncs often. One thread.
 */
public final class RetriedOutput extends Store.Output {
    /** Keeps a writer that was thought dead from taking a file back: to open it again would close it for whoever writes it now. */
    @FunctionalInterface
    public interface Fence {
        /** Throws where somebody else has taken over. Asked before the file is opened again. */
        void requireOwner() throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(RetriedOutput.class);

    private final Store store;
    private final String path;
    private final Retry retry;
    private final Fence fence;
    private final ByteArrayOutputStream unsynced = new ByteArrayOutputStream();
    private long durable;
    private Store.@Nullable Output out;
    private boolean givenUp;
    private boolean closed;

    private RetriedOutput(Store store, String path, Retry retry, Fence fence, Store.Output out) throws IOException {
        this.store = store;
        this.path = path;
        this.retry = retry;
        this.fence = fence;
        this.out = out;
        this.durable = out.position();
    }

    /** Creates a file that must not exist. */
    public static RetriedOutput create(Store store, String path, Retry retry, Fence fence) throws IOException {
        return of(store, path, retry, fence, store.create(path));
    }

    /** Opens an existing file for appending, or creates it. */
    public static RetriedOutput append(Store store, String path, Retry retry, Fence fence) throws IOException {
        return of(store, path, retry, fence, store.append(path));
    }

    private static RetriedOutput of(Store store, String path, Retry retry, Fence fence, Store.Output out)
            throws IOException {
        try {
            return new RetriedOutput(store, path, retry, fence, out);
        } catch (IOException e) {
            try (out) { // a store may let nobody else append to a file that is open
                throw e;
            }
        }
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes) {
        write(bytes, 0, bytes.length);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        unsynced.write(bytes, offset, length);
        Store.Output open = out;
        if (open != null) {
            try {
                open.write(bytes, offset, length);
            } catch (IOException e) {
                discard(open, e);
            }
        }
    }

    @Override
    public void sync() throws IOException {
        attempt("writing " + path, Store.Output::sync);
        durable += unsynced.size();
        unsynced.reset();
    }

    /** Has {@link #close} try nothing more, as after a {@link #sync} that failed: another file of the same store has had all the patience there is. */
    public void giveUp() {
        givenUp = true;
    }

    @Override
    public long position() {
        return durable + unsynced.size();
    }

    /** Makes all durable first, unless the last try to do so was given up. */
    @Override
    public void close() throws IOException {
        try {
            if (!closed && !givenUp) {
                attempt("closing " + path, open -> {
                    open.sync();
                    open.close();
                    out = null;
                });
            }
        } finally {
            closed = true;
            Store.Output open = out;
            out = null;
            if (open != null) {
                open.close();
            }
        }
    }

    private interface Call {
        void on(Store.Output open) throws IOException;
    }

    private void attempt(String what, Call call) throws IOException {
        givenUp = true;
        retry.run(what, again -> {
            Store.Output open = out == null ? reopen() : out;
            try {
                call.on(open);
            } catch (IOException e) {
                discard(open, e);
                throw e;
            }
        });
        givenUp = false;
    }

    private void discard(Store.Output open, IOException failure) {
        out = null;
        try {
            open.close();
        } catch (IOException e) {
            LOG.debug("closing {} after {}", path, failure, e);
        }
    }

    /** The file with all that was written: of what was not synced, it may have lost an end. */
    private Store.Output reopen() throws IOException {
        fence.requireOwner();
        Store.Output opened = store.append(path);
        try {
            long there = opened.position() - durable;
            if (there < 0 || there > unsynced.size()) {
                throw new IOException(path + " has " + opened.position() + " bytes, expected " + durable + " to "
                        + position() + ": somebody else has written or cut it");
            }
            opened.write(unsynced.toByteArray(), (int) there, unsynced.size() - (int) there);
        } catch (IOException e) {
            discard(opened, e);
            throw e;
        }
        out = opened;
        return opened;
    }
}
