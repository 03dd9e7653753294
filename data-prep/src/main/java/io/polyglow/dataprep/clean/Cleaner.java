package io.polyglow.dataprep.clean;

import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.doc.Document;
import io.polyglow.dataprep.doc.Document.LanguageSource;
import io.polyglow.dataprep.doc.RawDocument;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns what a reader found into a document: normalised, named, with language and script. An instance belongs to one thread. */
public final class Cleaner {
    private final LanguageDetector detector = new LanguageDetector();
    private final @Nullable String defaultLanguage;

    /** Documents that state no language have {@code defaultLanguage}; when that is null too, the detector is asked. */
    public Cleaner(@Nullable String defaultLanguage) {
        this.defaultLanguage = defaultLanguage;
    }

    /** The cleaned document; rejected when the reader rejected it or when no text is left. */
    public Document clean(RawDocument raw) {
        String id = Digest.documentId(raw.source(), raw.position());
        String read = raw.text();
        if (read == null) {
            return rejected(raw, id, null, raw.rejected());
        }
        String text = TextNormalizer.normalize(read);
        if (TextNormalizer.isBlank(text)) {
            return rejected(raw, id, text, "empty: no text but white space");
        }
        return kept(raw, id, text);
    }

    private Document kept(RawDocument raw, String id, String text) {
        Optional<String> stated =
                LanguageTag.normalize(raw.language()).or(() -> LanguageTag.normalize(defaultLanguage));
        Optional<String> language = stated.isPresent() ? stated : detector.detect(text);
        LanguageSource from = stated.isPresent()
                ? LanguageSource.METADATA
                : language.isPresent() ? LanguageSource.DETECTED : LanguageSource.NONE;
        return new Document(
                id,
                raw.source(),
                raw.position(),
                raw.externalId(),
                language.orElse(LanguageTag.UNKNOWN),
                from,
                Scripts.dominant(text),
                raw.repairs(),
                text,
                Digest.contentHash(text),
                null);
    }

    private static Document rejected(RawDocument raw, String id, @Nullable String text, @Nullable String reason) {
        return new Document(
                id,
                raw.source(),
                raw.position(),
                raw.externalId(),
                LanguageTag.normalize(raw.language()).orElse(LanguageTag.UNKNOWN),
                LanguageSource.NONE,
                Scripts.UNKNOWN,
                raw.repairs(),
                text,
                null,
                reason);
    }
}
