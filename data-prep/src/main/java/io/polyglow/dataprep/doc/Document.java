package io.polyglow.dataprep.doc;

import org.jspecify.annotations.Nullable;

/**
 * A document as it was read, its text normalised: one row of the documents table.
 *
 * @param id stable id, see {@link Digest#documentId}
 * @param place where it stands in the input
 * @param metadata what the input says about it
 * @param repairs malformed sequences and NULs repaired while reading
 * @param mojibakeRepairs lines put right that had been decoded with a wrong charset
 * @param text normalised text; null only when the reader found none
 * @param contentHash SHA-256 of the text; null when rejected
 * @param rejected why the document cannot be used; null when it can
 */
public record Document(
        String id,
        Place place,
        Metadata metadata,
        int repairs,
        int mojibakeRepairs,
        @Nullable String text,
        @Nullable String contentHash,
        @Nullable String rejected) {}
