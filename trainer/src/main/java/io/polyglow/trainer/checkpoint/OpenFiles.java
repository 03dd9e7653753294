package io.polyglow.trainer.checkpoint;

import io.polyglow.common.store.Store;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Files of one directory of a store, each read through a single stream for as long as it is read forward. On HDFS every stream asks the NameNode and calls a DataNode, and while one is lost, each by itself waits
 * up to a minute until it calls another. Used by one thread.
 */
final class OpenFiles implements Closeable {
    private static final int MOST = 32;

    private final Store store;
    private final String directory;
    private final Map<String, ForwardStream> streams =
            new LinkedHashMap<>(MOST, 0.75f, true); // the one used last comes last

    OpenFiles(Store store, String directory) {
        this.store = store;
        this.directory = directory;
    }

    /** A file's stream at byte {@code offset}, which nobody but this closes. */
    InputStream at(String file, long offset) throws IOException {
        ForwardStream stream = streams.get(file);
        if (stream != null && stream.position <= offset) {
            stream.skipNBytes(offset - stream.position);
            return stream;
        }
        close(file);
        if (streams.size() == MOST) {
            close(streams.keySet().iterator().next());
        }
        ForwardStream opened = new ForwardStream(store.open(directory + "/" + file, offset), offset);
        streams.put(file, opened);
        return opened;
    }

    private void close(String file) throws IOException {
        ForwardStream stream = streams.remove(file);
        if (stream != null) {
            stream.in.close();
        }
    }

    /** Closes the streams that are open; others are opened when asked for. */
    @Override
    public void close() throws IOException {
        while (!streams.isEmpty()) {
            close(streams.keySet().iterator().next());
        }
    }

    /** Knows where it is. */
    private static final class ForwardStream extends InputStream {
        private final InputStream in;
        private long position;

        ForwardStream(InputStream in, long position) {
            this.in = in;
            this.position = position;
        }

        @Override
        public int read() throws IOException {
            int read = in.read();
            position += read < 0 ? 0 : 1;
            return read;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int read = in.read(into, offset, length);
            position += Math.max(0, read);
            return read;
        }

        @Override
        public long skip(long bytes) throws IOException {
            long skipped = in.skip(bytes);
            position += skipped;
            return skipped;
        }
    }
}
