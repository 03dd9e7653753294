package io.polyglow.dataprep.read;

import java.io.Serializable;

/**
 * How records become documents.
 *
 * @param textColumn JSON member or Parquet column that holds the text
 * @param idColumn member or column that holds the document's own name, if there is one
 * @param languageColumn member or column that holds the language label, if there is one
 * @param urlColumn member or column that holds the address of the page, if there is one
 * @param dateColumn member or column that holds the date, if there is one
 * @param maxDocumentBytes largest document, in bytes before decoding; a larger one is rejected without being held in memory
 */
public record ReadOptions(
        String textColumn,
        String idColumn,
        String languageColumn,
        String urlColumn,
        String dateColumn,
        int maxDocumentBytes)
        implements Serializable {

    /** The reason that a document beyond the limit is rejected with. */
    public String tooLarge(long bytes) {
        return "too large: " + (bytes < 0 ? "more than " + maxDocumentBytes : bytes)
                + " bytes, limits.document-bytes is " + maxDocumentBytes;
    }
}
