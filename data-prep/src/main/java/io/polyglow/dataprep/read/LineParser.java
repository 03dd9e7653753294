package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.RawDocument;

/** Turns one line into a document. */
interface LineParser {
    /** The document, or the rejection, of {@code bytes[0, length)}; {@code line} counts from 1. */
    RawDocument parse(long line, byte[] bytes, int length);
}
