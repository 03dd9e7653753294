package io.polyglow.dataprep.clean;

import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.doc.Document;
import io.polyglow.dataprep.doc.RawDocument;
import org.jspecify.annotations.Nullable;

/** Turns what a reader found into a document: named and normalised. */
public final class Cleaner {
    private Cleaner() {}

    /** The cleaned document; rejected when the reader rejected it or when no text is left. */
    public static Document clean(RawDocument raw) {
        String read = raw.text();
        if (read == null) {
            return document(raw, null, raw.rejected());
        }
        String text = TextNormalizer.normalize(read);
        return document(raw, text, TextNormalizer.isBlank(text) ? "empty: no text but white space" : null);
    }

    private static Document document(RawDocument raw, @Nullable String text, @Nullable String rejected) {
        return new Document(
                Digest.documentId(raw.place().source(), raw.place().position()),
                raw.place(),
                raw.metadata(),
                raw.repairs(),
                raw.mojibakeRepairs(),
                text,
                text == null || rejected != null ? null : Digest.contentHash(text),
                rejected);
    }
}
