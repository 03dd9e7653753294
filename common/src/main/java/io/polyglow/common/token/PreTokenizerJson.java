package io.polyglow.common.token;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code pre_tokenizer} of a byte-level {@code tokenizer.json}. One that a {@link PreTokenPattern} knows (ByteLevel, a Split by a known regex followed by ByteLevel, Digits followed
 * by ByteLevel) is that pattern; others become {@link PreTokenSteps}.
 */
final class PreTokenizerJson {
    private static final String NAME = "pre_tokenizer";

    /** Other spellings that cut every text alike; for why, see {@code docs/formats/tokenizer.md}. */
    private static final Map<String, PreTokenPattern> VARIANTS = Map.of(
            "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
            PreTokenPattern.GPT2,
            "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            PreTokenPattern.GPT2,
            "'(?i:[sdmt]|ll|ve|re)|[^\\r"
                    + "\\n"
                    + "\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r"
                    + "\\n"
                    + "]*|\\s*[\\r"
                    + "\\n"
                    + "]|\\s+(?!\\S)|\\s+",
            PreTokenPattern.CL100K,
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r"
                    + "\\n"
                    + "\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r"
                    + "\\n"
                    + "]*+|\\s*[\\r"
                    + "\\n"
                    + "]+|\\s+(?!\\S)|\\s+",
            PreTokenPattern.CL100K);

    private PreTokenizerJson() {}

    static JsonObject write(PreTokenRule rule) {
        return rule instanceof PreTokenPattern pattern ? write(pattern) : ((PreTokenSteps) rule).json();
    }

    private static JsonObject write(PreTokenPattern pattern) {
        if (pattern == PreTokenPattern.GPT2) {
            return byteLevel(true);
        }
        JsonObject first = pattern == PreTokenPattern.GPT2_DIGITS
                ? new JsonObject().put("type", "Digits").put("individual_digits", true)
                : split(pattern);
        JsonObject last = byteLevel(pattern == PreTokenPattern.GPT2_DIGITS);
        return new JsonObject()
                .put("type", "Sequence")
                .put("pretokenizers", new JsonArray().add(first).add(last));
    }

    private static JsonObject split(PreTokenPattern pattern) {
        return new JsonObject()
                .put("type", "Split")
                .put("pattern", new JsonObject().put("Regex", pattern.regex()))
                .put("behavior", "Isolated")
                .put("invert", false);
    }

    static JsonObject byteLevel(boolean useRegex) {
        return new JsonObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", useRegex);
    }

    static PreTokenRule parse(JsonObject root) {
        JsonObject json = root.getObject(NAME);
        PreTokenPattern known = known(json);
        return known != null ? known : PreTokenStepsJson.parse(json, true);
    }

    private static @Nullable PreTokenPattern known(JsonObject json) {
        if (isByteLevel(json, true)) {
            return PreTokenPattern.GPT2;
        }
        if (!json.getString("type").equals("Sequence")) {
            return null;
        }
        List<JsonObject> parts = json.getArray("pretokenizers").objects();
        if (parts.size() != 2) {
            return null;
        }
        JsonObject first = parts.get(0);
        if (first.getString("type").equals("Digits") && first.getBoolean("individual_digits", false)) {
            return isByteLevel(parts.get(1), true) ? PreTokenPattern.GPT2_DIGITS : null;
        }
        return isByteLevel(parts.get(1), false) ? knownSplit(first) : null;
    }

    private static boolean isByteLevel(JsonObject json, boolean useRegex) {
        return json.getString("type").equals("ByteLevel")
                && !json.getBoolean("add_prefix_space", true)
                && json.getBoolean("use_regex", true) == useRegex;
    }

    /** The known regexes match every text whole, so it does not matter whether what is between matches is kept. */
    private static @Nullable PreTokenPattern knownSplit(JsonObject json) {
        if (!json.getString("type").equals("Split")) {
            return null;
        }
        SplitBehavior behavior = SplitBehavior.parse(json);
        boolean inverted = json.getBoolean("invert", false);
        boolean keepsMatches = behavior == SplitBehavior.ISOLATED || (behavior == SplitBehavior.REMOVED && inverted);
        return keepsMatches ? withRegex(json.getObject("pattern").getString("Regex", "")) : null;
    }

    /** The pattern of a regex in any of its spellings. */
    static @Nullable PreTokenPattern withRegex(String regex) {
        for (PreTokenPattern known : PreTokenPattern.values()) {
            if (known.regex().equals(regex)) {
                return known;
            }
        }
        return VARIANTS.get(regex);
    }
}
