package io.polyglow.dataprep.doc;

/** The reasons of rejected documents, as texts and in groups. A reason is {@code kind: detail}, or {@code duplicate of ID}. */
public final class Rejections {
    /** What the reason of an exact duplicate begins with; the id of the kept document follows. */
    public static final String DUPLICATE_OF = "duplicate of ";

    private Rejections() {}

    /** The kind of a reason, for counting. */
    public static String kind(String reason) {
        if (reason.startsWith(DUPLICATE_OF)) {
            return "duplicate";
        }
        int colon = reason.indexOf(':');
        return colon < 0 ? reason : reason.substring(0, colon);
    }
}
