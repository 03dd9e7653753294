package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * The documents of a WARC or WET file. When it is a gzip file, as crawls write them, every member is opened by itself: offsets are those of members, by which a record can
 * be fetched again, and a damaged member costs no other. Positions count records of all kinds.
 */
final class WarcDocuments extends DocumentIterator {
    private final String source;
    private final ReadOptions options;
    private final InputStream in;
    private final @Nullable GzipMembers members;
    private @Nullable WarcFrames frames;
    private long record;

    private WarcDocuments(String source, InputStream in, @Nullable GzipMembers members, ReadOptions options) {
        this.source = source;
        this.in = in;
        this.options = options;
        this.members = members;
        this.frames = members == null ? new WarcFrames(in, options) : null;
    }

    /** Of a stream of records. */
    static WarcDocuments plain(String source, InputStream in, ReadOptions options) {
        return new WarcDocuments(source, in, null, options);
    }

    /** Of a gzip file as it is stored. */
    static WarcDocuments gzip(String source, InputStream in, ReadOptions options) {
        GzipMembers members = new GzipMembers(in, options.maxDocumentBytes());
        return new WarcDocuments(source, members, members, options);
    }

    @Override
    @Nullable
    RawDocument advance() {
        try {
            WarcFrames.Frame frame = frame();
            if (frame == null) {
                close();
                return null;
            }
            Place place = new Place(source, ++record, members == null ? frame.offset() : members.offset());
            return frame.rejected() == null
                    ? WarcRecords.read(place, frame.bytes(), options)
                    : RawDocument.rejected(place, frame.rejected());
        } catch (IOException e) {
            return damaged(e);
        }
    }

    private WarcFrames.@Nullable Frame frame() throws IOException {
        while (true) {
            WarcFrames.Frame frame = frames == null ? null : frames.next();
            if (frame != null || members == null) {
                return frame;
            }
            if (!members.next()) {
                return null;
            }
            frames = new WarcFrames(members, options);
        }
    }

    private RawDocument damaged(IOException e) {
        long offset = members == null ? 0 : members.offset();
        if (members == null) {
            close();
        } else {
            recover(members);
        }
        return RawDocument.rejected(new Place(source, ++record, offset), Readers.damaged(e));
    }

    private void recover(GzipMembers damaged) {
        frames = null;
        try {
            damaged.recover();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void close() {
        end();
        try {
            in.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + source, e);
        }
    }
}
