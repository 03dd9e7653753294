package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * One document per line. Where a file is damaged the line that broke is one rejected document. If the stream can be read on there, the rest of a line that follows is another,
 * since nobody knows what stood before it; else it is the last.
 */
final class LineDocuments extends DocumentIterator {
    private final LineReader lines;
    private final Place first;
    private final long sliceBytes;
    private final LineParser parser;
    private final ReadOptions options;
    private long line;
    private boolean isBroken;

    LineDocuments(LineReader lines, Place first, long sliceBytes, LineParser parser, ReadOptions options) {
        this.lines = lines;
        this.first = first;
        this.sliceBytes = sliceBytes;
        this.parser = parser;
        this.options = options;
        this.line = first.position() - 1;
    }

    @Override
    @Nullable
    RawDocument advance() {
        Place place = new Place(first.source(), ++line, first.offset() + lines.consumed());
        boolean beginsInDamage = isBroken;
        isBroken = false;
        try {
            if (lines.consumed() >= sliceBytes || !lines.next()) {
                return end(place, null);
            }
        } catch (DamagedPart e) {
            isBroken = true;
            return RawDocument.rejected(place, Readers.damaged(e));
        } catch (IOException e) {
            return end(place, e);
        }
        if (lines.isTooLong()) {
            return RawDocument.rejected(place, options.tooLarge(lines.lineBytes()));
        }
        return isBlank() ? null : document(place, beginsInDamage);
    }

    private RawDocument document(Place place, boolean beginsInDamage) {
        return beginsInDamage
                ? RawDocument.rejected(place, "damaged: the line begins in a part that cannot be read")
                : parser.parse(place, lines.bytes(), lines.length());
    }

    private boolean isBlank() {
        byte[] bytes = lines.bytes();
        for (int i = 0; i < lines.length(); i++) {
            if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private @Nullable RawDocument end(Place place, @Nullable IOException failure) {
        end();
        try {
            lines.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + place, e);
        }
        return failure == null ? null : RawDocument.rejected(place, Readers.damaged(failure));
    }
}
