package io.polyglow.dataprep.doc;

import org.jspecify.annotations.Nullable;

/**
 * A cleaned document with its annotations: one row of the documents table.
 *
 * @param id stable id, see {@link Digest#documentId}
 * @param source path of the file relative to the input root
 * @param position line or row counted from 1; 0 when the document is the whole file
 * @param externalId what the input itself calls the document
 * @param language BCP 47 tag of language and, where the label names one, script; {@code und} when unknown
 * @param languageFrom where the language was found
 * @param script ISO 15924 code of the dominant script; {@code Zyyy} when there is no letter
 * @param repairs malformed sequences and NULs repaired while reading
 * @param text normalised text; null only when the reader found none
 * @param contentHash SHA-256 of the text; null when rejected
 * @param rejected why the document is left out; null when it is kept
 */
public record Document(
        String id,
        String source,
        long position,
        @Nullable String externalId,
        String language,
        LanguageSource languageFrom,
        String script,
        int repairs,
        @Nullable String text,
        @Nullable String contentHash,
        @Nullable String rejected) {

    /** Where a document's language comes from. */
    public enum LanguageSource {
        METADATA,
        DETECTED,
        NONE
    }
}
