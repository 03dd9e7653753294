package io.polyglow.dataprep.doc;

import java.util.ArrayList;
import java.util.List;

/** Applies {@link Edit}s of several annotators to one text. */
public final class Edits {
    private Edits() {}

    /**
     * The text after all edits. They may come in any order and overlap: an edit that begins inside one that was applied only takes out what that one left, and
     * adds nothing.
     *
     * @throws IndexOutOfBoundsException if an edit reaches past the text
     */
    public static String apply(String text, List<Edit> edits) {
        if (edits.isEmpty()) {
            return text;
        }
        List<Edit> sorted = new ArrayList<>(edits);
        sorted.sort(Edit.BY_PLACE);
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        for (Edit edit : sorted) {
            if (edit.start() >= at) {
                out.append(text, at, edit.start()).append(edit.replacement());
            }
            at = Math.max(at, edit.end());
        }
        return out.append(text, at, text.length()).toString();
    }
}
