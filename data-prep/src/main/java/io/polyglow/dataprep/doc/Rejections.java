package io.polyglow.dataprep.doc;

/** The reasons of rejected documents, as texts and in groups. A reason is {@code kind: detail}, or {@code duplicate of ID}. */
public final class Rejections {
    /** The kind under which documents are counted that are left out for an equal one. */
    public static final String DUPLICATE = "duplicate";

    /** The reason of a document that somebody had taken out of the corpus before. */
    public static final String TAKEN_DOWN = "taken down";

    private Rejections() {}

    /** The kind of a reason, for counting. */
    public static String kind(String reason) {
        int colon = reason.indexOf(':');
        return colon < 0 ? reason : reason.substring(0, colon);
    }
}
