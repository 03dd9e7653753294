package io.polyglow.dataprep.doc;

import org.jspecify.annotations.Nullable;

/**
 * What a reader makes of one place of its input: a text, or the reason why there is none.
 *
 * @param content the text with what was repaired in it, null exactly when {@code rejected} is not
 * @param rejected why the document cannot be used, fit for a user
 */
public record RawDocument(Place place, Metadata metadata, @Nullable Decoded content, @Nullable String rejected) {

    /** A place of the input that cannot be used, and why. */
    public static RawDocument rejected(Place place, String reason) {
        return new RawDocument(place, Metadata.NONE, null, reason);
    }

    /** A text without metadata. */
    public static RawDocument of(Place place, Decoded content) {
        return of(place, Metadata.NONE, content);
    }

    /** A text. */
    public static RawDocument of(Place place, Metadata metadata, Decoded content) {
        return new RawDocument(place, metadata, content, null);
    }

    /** The text; null when rejected. */
    public @Nullable String text() {
        return content == null ? null : content.text();
    }

    /** Malformed sequences and NULs repaired while reading. */
    public int repairs() {
        return content == null ? 0 : content.repairs();
    }

    /** Lines that had been decoded with a wrong charset and were put right. */
    public int mojibakeRepairs() {
        return content == null ? 0 : content.mojibakeRepairs();
    }
}
