package io.polyglow.dataprep.doc;

import org.jspecify.annotations.Nullable;

/**
 * What a reader makes of one place of its input: a text, or the reason why there is none.
 *
 * @param source path of the file relative to the input root, {@code /}-separated
 * @param position line (or Parquet row) counted from 1 within the file; 0 when the document is the whole file
 * @param externalId what the input itself calls the document (JSONL column {@code id}, HTML {@code data-code})
 * @param language label as the input states it, not normalised
 * @param text the text, null exactly when {@code rejected} is not
 * @param repairs bytes that were not UTF-8 and became U+FFFD, plus NUL characters removed
 * @param rejected why the document cannot be used, fit for a user
 */
public record RawDocument(
        String source,
        long position,
        @Nullable String externalId,
        @Nullable String language,
        @Nullable String text,
        int repairs,
        @Nullable String rejected) {

    /** A place of the input that cannot be used, and why. */
    public static RawDocument rejected(String source, long position, String reason) {
        return new RawDocument(source, position, null, null, null, 0, reason);
    }

    /** A text without metadata. */
    public static RawDocument of(String source, long position, Decoded decoded) {
        return new RawDocument(source, position, null, null, decoded.text(), decoded.repairs(), null);
    }

    /** {@code file} or {@code file:line}, as compilers print places. */
    public String location() {
        return location(source, position);
    }

    /** {@code file} or {@code file:line}. */
    public static String location(String source, long position) {
        return position == 0 ? source : source + ":" + position;
    }
}
