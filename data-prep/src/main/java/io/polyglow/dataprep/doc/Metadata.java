package io.polyglow.dataprep.doc;

import org.jspecify.annotations.Nullable;

/**
 * What the input itself says about a document.
 *
 * @param externalId what the input calls the document (member {@code id}, HTML {@code data-code}, {@code WARC-Record-ID})
 * @param url address of the page
 * @param date when it was written or fetched, as stated
 * @param language label as stated, not normalised
 */
public record Metadata(
        @Nullable String externalId, @Nullable String url, @Nullable String date, @Nullable String language) {
    /** Nothing is known. */
    public static final Metadata NONE = new Metadata(null, null, null, null);
}
