package io.polyglow.common.token;

import io.polyglow.common.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The {@code normalizer} of a {@code tokenizer.json}: Prepend, Replace, Strip, Precompiled and sequences of them, which is what files converted from
 * SentencePiece have. Forms that depend on a Unicode version (NFC, Lowercase ...) are refused: ids must not depend on the JDK.
 */
final class Normalizers {
    static final String RUNS_OF_SPACES = " {2,}";
    static final String SPACES_AT_START = "\\A +";
    static final String SPACES_AT_END = " +\\z";

    /** SentencePiece takes spaces from the end when they are marks already, so marks that stood in the text go too. */
    static final String SPACES_AND_MARKS_AT_END = "[ " + Spaces.MARK + "]+\\z";

    private Normalizers() {}

    /** What {@code root} has under {@code normalizer}; nothing when that is null. */
    static Normalizer parse(JsonObject root) {
        return root.get("normalizer") == null ? utf8 -> utf8 : one(root.getObject("normalizer"));
    }

    private static Normalizer one(JsonObject json) {
        return switch (json.getString("type")) {
            case "Sequence" -> sequence(json.getArray("normalizers").objects());
            case "Prepend" -> prepend(bytes(json.getString("prepend")));
            case "Replace" -> replace(json);
            case "Strip" -> strip(json.getBoolean("strip_left", true), json.getBoolean("strip_right", true));
            case "Precompiled" -> precompiled(json);
            default ->
                throw json.problem(
                        "type",
                        "\"" + json.getString("type")
                                + "\" is not supported, only Sequence, Prepend, Replace, Strip and Precompiled are.");
        };
    }

    private static Normalizer sequence(List<JsonObject> parts) {
        List<Normalizer> steps = new ArrayList<>();
        parts.forEach(part -> steps.add(one(part)));
        return utf8 -> {
            byte[] text = utf8;
            for (Normalizer step : steps) {
                text = step.normalize(text);
            }
            return text;
        };
    }

    /** An empty text stays empty. */
    private static Normalizer prepend(byte[] prefix) {
        return utf8 -> {
            if (utf8.length == 0) {
                return utf8;
            }
            byte[] text = new byte[prefix.length + utf8.length];
            System.arraycopy(prefix, 0, text, 0, prefix.length);
            System.arraycopy(utf8, 0, text, prefix.length, utf8.length);
            return text;
        };
    }

    private static Normalizer strip(boolean left, boolean right) {
        return utf8 -> Spaces.strip(utf8, left, right);
    }

    private static Normalizer replace(JsonObject json) {
        JsonObject pattern = json.getObject("pattern");
        byte[] to = bytes(json.getString("content"));
        if (pattern.has("String")) {
            byte[] from = bytes(pattern.getString("String"));
            if (from.length == 0) {
                throw pattern.problem("String", "is empty, which matches everywhere; give some text.");
            }
            return utf8 -> Spaces.replace(utf8, from, to);
        }
        String regex = pattern.getString("Regex");
        if (regex.equals(RUNS_OF_SPACES)) {
            return utf8 -> Spaces.replaceRuns(utf8, to);
        }
        if (to.length == 0 && regex.equals(SPACES_AT_START)) {
            return Spaces::trimStart;
        }
        if (to.length == 0 && regex.equals(SPACES_AT_END)) {
            return Spaces::trimEnd;
        }
        if (to.length == 0 && regex.equals(SPACES_AND_MARKS_AT_END)) {
            return Spaces::trimMarksAtEnd;
        }
        throw pattern.problem(
                "Regex",
                "\"" + regex + "\" is not supported; no regex engine runs here, and only \"" + RUNS_OF_SPACES
                        + "\" is known, and with empty content \"" + SPACES_AT_START + "\", \"" + SPACES_AT_END
                        + "\" and \""
                        + SPACES_AND_MARKS_AT_END + "\".");
    }

    private static Normalizer precompiled(JsonObject json) {
        String name = "precompiled_charsmap";
        if (json.get(name) == null || json.getString(name).isEmpty()) {
            return utf8 -> utf8;
        }
        try {
            byte[] blob = Base64.getDecoder().decode(json.getString(name));
            return CharsMap.parse(what -> json.problem(name, what), blob);
        } catch (IllegalArgumentException e) {
            throw json.problem(name, "is not base64: " + e.getMessage() + ".");
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
