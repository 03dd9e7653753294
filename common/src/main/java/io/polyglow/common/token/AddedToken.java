package io.polyglow.common.token;

/**
 * A token outside of the merges, e.g. {@code <|endoftext|>}, with the flags that {@code tokenizer.json} has for it. The flags steer how other programs look for the token in
 * text; this one never does, so text cannot forge a document border.
 */
public record AddedToken(
        int id,
        String content,
        boolean singleWord,
        boolean lstrip,
        boolean rstrip,
        boolean normalized,
        boolean special) {
    /** A special token as trainers make it: all flags off but {@code special}. */
    public static AddedToken special(int id, String content) {
        return new AddedToken(id, content, false, false, false, false, true);
    }
}
