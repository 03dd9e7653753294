package io.polyglow.dataprep.language;

import org.jspecify.annotations.Nullable;

/**
 * What is said about the language of a document before any model looks at it; labels as they were written, see {@link LanguageLabel#parse}.
 *
 * @param metadata what the input says in a member or column that the user named
 * @param page what the page or its archive claims: {@code <html lang>}, {@code WARC-Identified-Content-Language}
 * @param config what the config says of documents that state nothing
 */
public record StatedLanguages(@Nullable String metadata, @Nullable String page, @Nullable String config) {
    /** Nothing is said. */
    public static final StatedLanguages NONE = new StatedLanguages(null, null, null);
}
