package io.polyglow.dataprep.doc;

import org.jspecify.annotations.Nullable;

/**
 * What the input itself says about a document.
 *
 * @param externalId what the input calls the document (member {@code id}, HTML {@code data-code}, {@code WARC-Record-ID})
 * @param url address of the page
 * @param date when it was written or fetched, as stated
 * @param language label as stated in the member or column that the user named, not normalised
 * @param pageLanguage label that the page claims of itself ({@code <html lang>}) or a crawler of it ({@code WARC-Identified-Content-Language}), not normalised
 */
public record Metadata(
        @Nullable String externalId,
        @Nullable String url,
        @Nullable String date,
        @Nullable String language,
        @Nullable String pageLanguage) {
    /** Nothing is known. */
    public static final Metadata NONE = new Metadata(null, null, null, null, null);

    /** Without a word of a page about itself. */
    public Metadata(
            @Nullable String externalId, @Nullable String url, @Nullable String date, @Nullable String language) {
        this(externalId, url, date, language, null);
    }
}
