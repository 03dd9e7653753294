package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.RawDocument;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Documents read as they are asked for. */
abstract class DocumentIterator implements Iterator<RawDocument> {
    private @Nullable RawDocument next;
    private boolean ended;

    /** The next document; null where there is none, for instance at a blank line. Says {@link #end} when it is the last. */
    abstract @Nullable RawDocument advance();

    /** Nothing follows what {@link #advance} returns now. */
    final void end() {
        ended = true;
    }

    @Override
    public final boolean hasNext() {
        while (next == null && !ended) {
            next = advance();
        }
        return next != null;
    }

    @Override
    public final RawDocument next() {
        RawDocument result = hasNext() ? next : null;
        if (result == null) {
            throw new NoSuchElementException();
        }
        next = null;
        return result;
    }
}
