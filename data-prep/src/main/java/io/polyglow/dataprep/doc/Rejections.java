package io.polyglow.dataprep.doc;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The reasons of rejected documents, as texts and in groups. A reason is {@code kind}, {@code kind: detail} or, of a filter, {@code rule value < bound}. */
public final class Rejections {
    /** The reason of a document that is left out for one with the same text, in this corpus or in an earlier one. */
    public static final String EXACT_DUPLICATE = "exact duplicate";

    /** The reason of a document that is left out for one that is nearly the same, in this corpus or in an earlier one. */
    public static final String NEAR_DUPLICATE = "near duplicate";

    /** The reason of a document that somebody had taken out of the corpus before. */
    public static final String TAKEN_DOWN = "taken down";

    /** The reason of a document that nothing is left of after all {@link Edit}s. */
    public static final String EMPTIED = "empty after edits";

    /** What a rule says, such as {@code gopher-quality.words 5 < 50}: its kind must not hold the number, or there would be as many kinds as numbers. */
    private static final Pattern RULE = Pattern.compile("([^\\s:]+) \\S+ [<>] \\S+");

    private Rejections() {}

    /** The kind of a reason, for counting. */
    public static String kind(String reason) {
        Matcher rule = RULE.matcher(reason);
        if (rule.matches()) {
            return rule.group(1);
        }
        int colon = reason.indexOf(':');
        return colon < 0 ? reason : reason.substring(0, colon);
    }
}
