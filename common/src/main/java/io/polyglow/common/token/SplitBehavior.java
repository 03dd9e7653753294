package io.polyglow.common.token;

import io.polyglow.common.json.JsonObject;

/** What becomes of the matches of a Split, in the words of Hugging Face's library. */
enum SplitBehavior {
    ISOLATED("Isolated"),
    REMOVED("Removed"),
    MERGED_WITH_PREVIOUS("MergedWithPrevious"),
    MERGED_WITH_NEXT("MergedWithNext"),
    CONTIGUOUS("Contiguous");

    private final String name;

    SplitBehavior(String name) {
        this.name = name;
    }

    static SplitBehavior parse(JsonObject json) {
        String name = json.getString("behavior", ISOLATED.name);
        for (SplitBehavior behavior : values()) {
            if (behavior.name.equals(name)) {
                return behavior;
            }
        }
        throw json.problem(
                "behavior",
                "\"" + name + "\" is none of Isolated, Removed, MergedWithPrevious, MergedWithNext and Contiguous.");
    }

    /** Whether a part and the next one are two pieces, by whether each is a match. */
    boolean cutsBetween(boolean isMatch, boolean nextIsMatch) {
        return switch (this) {
            case ISOLATED, REMOVED -> true;
            case MERGED_WITH_PREVIOUS -> isMatch || !nextIsMatch;
            case MERGED_WITH_NEXT -> !isMatch || nextIsMatch;
            case CONTIGUOUS -> isMatch != nextIsMatch;
        };
    }
}
