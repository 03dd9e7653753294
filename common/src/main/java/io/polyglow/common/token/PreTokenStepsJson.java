package io.polyglow.common.token;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.regex.RegexProblem;
import io.polyglow.common.token.regex.TextRegex;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads a {@code pre_tokenizer} as steps. What it does not know it refuses with the JSON path. */
final class PreTokenStepsJson {
    private static final String TYPE = "type";
    private static final String BEHAVIOR = "behavior";
    private static final String PREFIX = "add_prefix_space";

    private final boolean byteLevel;
    private final List<PreTokenStep> onText = new ArrayList<>();
    private final List<PreTokenStep> onAlphabet = new ArrayList<>();
    private boolean isInAlphabet;
    private boolean isLossless = true;

    private PreTokenStepsJson(boolean byteLevel) {
        this.byteLevel = byteLevel;
    }

    /** {@code byteLevel}: whether the vocabulary is written in the byte alphabet, so that one of the steps must be ByteLevel; else none may be. */
    static PreTokenSteps parse(JsonObject json, boolean byteLevel) {
        PreTokenStepsJson parser = new PreTokenStepsJson(byteLevel);
        parser.read(json);
        if (byteLevel && !parser.isInAlphabet) {
            throw json.problem(TYPE, "there is no ByteLevel step, which a byte-level vocabulary needs.");
        }
        return new PreTokenSteps(json, List.copyOf(parser.onText), List.copyOf(parser.onAlphabet), parser.isLossless);
    }

    private void read(JsonObject json) {
        switch (json.getString(TYPE)) {
            case "Sequence" -> {
                json.refuseUnknown(Set.of(TYPE, "pretokenizers"));
                json.getArray("pretokenizers").objects().forEach(this::read);
            }
            case "ByteLevel" -> readByteLevel(json);
            case "Metaspace" -> readMetaspace(json);
            case "Split" -> readSplit(json);
            case "Digits" -> {
                json.refuseUnknown(Set.of(TYPE, "individual_digits"));
                boolean each = json.getBoolean("individual_digits", false);
                add("\\p{N}", each ? SplitBehavior.ISOLATED : SplitBehavior.CONTIGUOUS);
            }
            case "Punctuation" -> {
                json.refuseUnknown(Set.of(TYPE, BEHAVIOR));
                add(PunctuationRegex.REGEX, SplitBehavior.parse(json));
            }
            case "Whitespace" -> {
                json.refuseUnknown(Set.of(TYPE));
                split(regex("[\\w\\u200C\\u200D]+|[^\\w\\s\\u200C\\u200D]+"), SplitBehavior.REMOVED, true);
            }
            case "WhitespaceSplit" -> {
                json.refuseUnknown(Set.of(TYPE));
                add("\\s", SplitBehavior.REMOVED);
            }
            default -> throw unsupported(json);
        }
    }

    private static PolyglowException unsupported(JsonObject json) {
        return json.problem(
                TYPE,
                "\"" + json.getString(TYPE)
                        + "\" is not supported here. Supported are Sequence, Split, Digits, Punctuation, Whitespace,"
                        + " WhitespaceSplit, with a ByteLevel decoder ByteLevel, and with another Metaspace.");
    }

    private void readByteLevel(JsonObject json) {
        json.refuseUnknown(Set.of(TYPE, PREFIX, "trim_offsets", "use_regex"));
        if (!byteLevel || isInAlphabet) {
            throw unsupported(json);
        }
        if (json.getBoolean(PREFIX, true)) {
            onText.add(PreTokenStep.spaceBefore());
            isLossless = false;
        }
        if (json.getBoolean("use_regex", true)) {
            onText.add(PreTokenStep.split(PreTokenStep.of(PreTokenPattern.GPT2), SplitBehavior.ISOLATED, false));
        }
        isInAlphabet = true;
    }

    private void readMetaspace(JsonObject json) {
        if (byteLevel) {
            throw unsupported(json);
        }
        if (!onText.isEmpty() && json.getString("prepend_scheme", "always").equals("first")) {
            throw json.problem("prepend_scheme", "\"first\" is not supported after another step; use always or never.");
        }
        onText.add(PreTokenStep.of(Metaspace.parse(json)));
        isLossless = false;
    }

    private void readSplit(JsonObject json) {
        json.refuseUnknown(Set.of(TYPE, "pattern", BEHAVIOR, "invert"));
        JsonObject pattern = json.getObject("pattern");
        split(finder(pattern), SplitBehavior.parse(json), json.getBoolean("invert", false));
    }

    private static PreTokenStep.Finder finder(JsonObject pattern) {
        if (pattern.has("String")) {
            String text = pattern.getString("String");
            if (text.isEmpty()) {
                throw pattern.problem("String", "is empty, which matches everywhere; give some text.");
            }
            return TextRegex.ofText(text)::cut;
        }
        String regex = pattern.getString("Regex");
        PreTokenPattern known = PreTokenizerJson.withRegex(regex);
        if (known != null) {
            return PreTokenStep.of(known);
        }
        try {
            return regex(regex);
        } catch (RegexProblem e) {
            throw pattern.problem("Regex", "\"" + regex + "\" has " + e.getMessage() + ": not supported.");
        }
    }

    private static PreTokenStep.Finder regex(String regex) {
        return TextRegex.of(regex)::cut;
    }

    private void add(String regex, SplitBehavior behavior) {
        split(regex(regex), behavior, false);
    }

    private void split(PreTokenStep.Finder finder, SplitBehavior behavior, boolean invert) {
        (isInAlphabet ? onAlphabet : onText).add(PreTokenStep.split(finder, behavior, invert));
        isLossless &= behavior != SplitBehavior.REMOVED;
    }
}
