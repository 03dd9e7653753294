package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;

/** Turns one line into a document. */
interface LineParser {
    /** The document, or the rejection, of {@code bytes[0, length)}. */
    RawDocument parse(Place place, byte[] bytes, int length);
}
