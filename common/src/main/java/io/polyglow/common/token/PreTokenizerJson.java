package io.polyglow.common.token;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code pre_tokenizer} of a {@code tokenizer.json}: ByteLevel, a Split by one of the known patterns followed by ByteLevel, or Digits followed by
 * ByteLevel.
 */
final class PreTokenizerJson {
    private static final String NAME = "pre_tokenizer";
    private static final String SUPPORTED =
            "Supported are ByteLevel with GPT-2's regex, the same after Digits(individual_digits: true), and Sequence[Split(regex, Isolated), ByteLevel(use_regex: false)] with one of the regexes ";

    /** Other spellings that cut every text alike; for why, see {@code docs/formats/tokenizer.md}. */
    private static final Map<String, PreTokenPattern> VARIANTS = Map.of(
            "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
            PreTokenPattern.GPT2,
            "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            PreTokenPattern.GPT2,
            "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
            PreTokenPattern.CL100K,
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
            PreTokenPattern.CL100K);

    private PreTokenizerJson() {}

    static JsonObject write(PreTokenPattern pattern) {
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

    static PreTokenPattern parse(JsonObject root) {
        JsonObject json = root.getObject(NAME);
        switch (json.getString("type")) {
            case "ByteLevel" -> {
                parseByteLevel(json, true);
                return PreTokenPattern.GPT2;
            }
            case "Sequence" -> {
                return parseSequence(json);
            }
            default -> throw unsupported(json, "type", "\"" + json.getString("type") + "\"");
        }
    }

    private static PreTokenPattern parseSequence(JsonObject json) {
        List<JsonObject> parts = json.getArray("pretokenizers").objects();
        if (parts.size() != 2) {
            throw unsupported(json, "pretokenizers", parts.size() + " of them");
        }
        JsonObject first = parts.get(0);
        if (first.getString("type").equals("Digits")) {
            if (!first.getBoolean("individual_digits", false)) {
                throw unsupported(first, "individual_digits", "false");
            }
            parseByteLevel(parts.get(1), true);
            return PreTokenPattern.GPT2_DIGITS;
        }
        parseByteLevel(parts.get(1), false);
        return parseSplit(first);
    }

    private static void parseByteLevel(JsonObject json, boolean useRegex) {
        if (!json.getString("type").equals("ByteLevel")) {
            throw unsupported(json, "type", "\"" + json.getString("type") + "\"");
        }
        if (json.getBoolean("add_prefix_space", true)) {
            throw unsupported(json, "add_prefix_space", "true, which makes decoding lossy,");
        }
        if (json.getBoolean("use_regex", true) != useRegex) {
            throw unsupported(json, "use_regex", String.valueOf(!useRegex));
        }
    }

    /** The known regexes match every text whole, so it does not matter whether what is between matches is kept. */
    private static PreTokenPattern parseSplit(JsonObject json) {
        if (!json.getString("type").equals("Split")) {
            throw unsupported(json, "type", "\"" + json.getString("type") + "\"");
        }
        String behavior = json.getString("behavior");
        boolean keepsMatches =
                behavior.equals("Isolated") || (behavior.equals("Removed") && json.getBoolean("invert", false));
        if (!keepsMatches) {
            throw unsupported(json, "behavior", "other than Isolated, or Removed and inverted,");
        }
        JsonObject pattern = json.getObject("pattern");
        PreTokenPattern known = withRegex(pattern.getString("Regex", ""));
        if (known == null) {
            throw unsupported(pattern, "Regex", "\"" + pattern.get("Regex") + "\"");
        }
        return known;
    }

    private static @Nullable PreTokenPattern withRegex(String regex) {
        for (PreTokenPattern known : PreTokenPattern.values()) {
            if (known.regex().equals(regex)) {
                return known;
            }
        }
        return VARIANTS.get(regex);
    }

    private static PolyglowException unsupported(JsonObject at, String name, String found) {
        StringBuilder what =
                new StringBuilder(found).append(" is not supported. ").append(SUPPORTED);
        for (PreTokenPattern known : PreTokenPattern.values()) {
            what.append('"').append(known.regex()).append("\" ");
        }
        return at.problem(name, what.toString().stripTrailing() + ".");
    }
}
