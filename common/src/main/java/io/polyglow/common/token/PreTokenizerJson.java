package io.polyglow.common.token;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.List;

/** The {@code pre_tokenizer} of a {@code tokenizer.json}: ByteLevel, or a Split by one of the known patterns followed by ByteLevel. */
final class PreTokenizerJson {
    private static final String NAME = "pre_tokenizer";
    private static final String SUPPORTED =
            "Supported are ByteLevel with GPT-2's regex, and Sequence[Split(regex, Isolated), ByteLevel(use_regex: false)] with one of the regexes ";

    private PreTokenizerJson() {}

    static JsonObject write(PreTokenPattern pattern) {
        if (pattern == PreTokenPattern.GPT2) {
            return byteLevel(true);
        }
        JsonObject split = new JsonObject()
                .put("type", "Split")
                .put("pattern", new JsonObject().put("Regex", pattern.regex()))
                .put("behavior", "Isolated")
                .put("invert", false);
        return new JsonObject()
                .put("type", "Sequence")
                .put("pretokenizers", new JsonArray().add(split).add(byteLevel(false)));
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
                return parseByteLevel(json, true);
            }
            case "Sequence" -> {
                List<JsonObject> parts = json.getArray("pretokenizers").objects();
                if (parts.size() != 2) {
                    throw unsupported(json, "pretokenizers", parts.size() + " of them");
                }
                parseByteLevel(parts.get(1), false);
                return parseSplit(parts.get(0));
            }
            default -> throw unsupported(json, "type", "\"" + json.getString("type") + "\"");
        }
    }

    private static PreTokenPattern parseByteLevel(JsonObject json, boolean useRegex) {
        if (!json.getString("type").equals("ByteLevel")) {
            throw unsupported(json, "type", "\"" + json.getString("type") + "\"");
        }
        if (json.getBoolean("add_prefix_space", true)) {
            throw unsupported(json, "add_prefix_space", "true, which makes decoding lossy,");
        }
        if (json.getBoolean("use_regex", true) != useRegex) {
            throw unsupported(json, "use_regex", String.valueOf(!useRegex));
        }
        return PreTokenPattern.GPT2;
    }

    private static PreTokenPattern parseSplit(JsonObject json) {
        if (!json.getString("type").equals("Split")) {
            throw unsupported(json, "type", "\"" + json.getString("type") + "\"");
        }
        if (!json.getString("behavior").equals("Isolated") || json.getBoolean("invert", false)) {
            throw unsupported(json, "behavior", "other than Isolated, not inverted,");
        }
        JsonObject pattern = json.getObject("pattern");
        for (PreTokenPattern known : PreTokenPattern.values()) {
            if (known.regex().equals(pattern.get("Regex"))) {
                return known;
            }
        }
        throw unsupported(pattern, "Regex", "\"" + pattern.get("Regex") + "\"");
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
