package io.polyglow.common.token;

/**
 * What Hugging Face's Punctuation pre-tokenizer takes for punctuation: the signs of ASCII, and {@code \p{P}} of an older Unicode (crate unicode_categories 0.1.1). So it lacks what has become punctuation
 * since, and has two characters that no longer are.
 */
final class PunctuationRegex {
    private static final String SIGNS = "!-/:-@\\[-`{-~";

    private static final String NO_LONGER = "\\x{166D}\\x{111C9}";

    private static final String SINCE =
            "\\u061D\\u09FD\\u0A76\\u0C77\\u0C84\\u1B4E\\u1B4F\\u1B7D-\\u1B7F\\u2E43-\\u2E4F\\u2E52-\\u2E5D\\x{10D6E}\\x{10EAD}\\x{10F55}-\\x{10F59}\\x{10F86}-\\x{10F89}"
                    + "\\x{113D4}\\x{113D5}\\x{113D7}\\x{113D8}\\x{1144B}-\\x{1144F}\\x{1145A}\\x{1145B}\\x{1145D}\\x{11660}-\\x{1166C}\\x{116B9}\\x{1183B}\\x{11944}-\\x{11946}\\x{119E2}"
                    + "\\x{11A3F}-\\x{11A46}\\x{11A9A}-\\x{11A9C}\\x{11A9E}-\\x{11AA2}\\x{11B00}-\\x{11B09}\\x{11BE1}\\x{11C41}-\\x{11C45}\\x{11C70}\\x{11C71}\\x{11EF7}\\x{11EF8}"
                    + "\\x{11F43}-\\x{11F4F}\\x{11FFF}\\x{12FF1}\\x{12FF2}\\x{16D6D}-\\x{16D6F}\\x{16E97}-\\x{16E9A}\\x{16FE2}\\x{1E5FF}\\x{1E95E}\\x{1E95F}";

    static final String REGEX = "[" + SIGNS + NO_LONGER + "\\p{P}&&[^" + SINCE + "]]";

    private PunctuationRegex() {}
}
