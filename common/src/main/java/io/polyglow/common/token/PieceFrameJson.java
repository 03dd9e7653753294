package io.polyglow.common.token;

import io.polyglow.common.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What stands around the model in a {@code tokenizer.json} of SentencePiece's family: how text is cut, and how tokens become text again. */
final class PieceFrameJson {
    /** What a decoder takes from the start of a text. */
    enum Trim {
        NOTHING,
        /** One space, if there is one. */
        ONE_SPACE,
        /** All marks of the first token. */
        FIRST_TOKEN
    }

    private static final String PRE = "pre_tokenizer";

    private PieceFrameJson() {}

    /** The rule of a byte-level pre-tokenizer, or null when the vocabulary is of characters. */
    static @Nullable PreTokenRule byteLevel(JsonObject frame) {
        if (frame.get("decoder") == null || !type(frame, "decoder").equals("ByteLevel")) {
            return null;
        }
        if (frame.get("normalizer") != null) {
            throw frame.problem("normalizer", "only null is supported with a ByteLevel decoder.");
        }
        return PreTokenizerJson.parse(frame);
    }

    static PreTokenizer preTokenizer(JsonObject frame, boolean crossesWords) {
        if (frame.get(PRE) == null) {
            return crossesWords ? PreTokenizer.WHOLE : PreTokenizer.WORDS;
        }
        JsonObject json = frame.getObject(PRE);
        return json.getString("type").equals("Metaspace")
                ? Metaspace.parse(json)
                : PreTokenStepsJson.parse(json, false);
    }

    static Trim trim(JsonObject frame) {
        if (frame.get("decoder") == null) {
            throw frame.problem(
                    "decoder", "must be Metaspace, a Sequence or ByteLevel: without one, tokens do not make text.");
        }
        JsonObject json = frame.getObject("decoder");
        return switch (json.getString("type")) {
            case "ByteLevel" -> Trim.NOTHING;
            case "Metaspace" -> Metaspace.prepends(json) ? Trim.FIRST_TOKEN : Trim.NOTHING;
            case "Sequence" -> trim(json, json.getArray("decoders").objects());
            default ->
                throw json.problem(
                        "type",
                        "\"" + json.getString("type") + "\" is not supported, only Metaspace, Sequence, ByteLevel.");
        };
    }

    private static Trim trim(JsonObject sequence, List<JsonObject> decoders) {
        Trim trim = Trim.NOTHING;
        int replacing = 0;
        boolean fused = false;
        for (JsonObject json : decoders) {
            switch (json.getString("type")) {
                case "ByteFallback" -> {}
                case "Fuse" -> fused = true;
                case "Metaspace" -> {
                    trim = Metaspace.prepends(json) ? Trim.FIRST_TOKEN : trim;
                    replacing++;
                }
                case "Replace" -> {
                    requireMarksToSpaces(json);
                    replacing++;
                }
                case "Strip" -> {
                    if (!fused) {
                        throw json.problem(
                                "type", "Strip must come after Fuse: before it, each token would lose a space.");
                    }
                    trim = strip(json);
                }
                default ->
                    throw json.problem(
                            "type",
                            "\"" + json.getString("type")
                                    + "\" is not supported, only Replace, ByteFallback, Fuse, Strip and Metaspace"
                                    + " are.");
            }
        }
        if (replacing != 1) {
            throw sequence.problem(
                    "decoders",
                    "must have one Replace or Metaspace that makes marks spaces, but has " + replacing + ".");
        }
        return trim;
    }

    private static Trim strip(JsonObject json) {
        if (!json.getString("content").equals(" ") || json.getInt("start", 0, 1) + json.getInt("stop", 0, 1) > 1) {
            throw json.problem("content", "only one space at the start can be stripped.");
        }
        if (json.getInt("stop") > 0) {
            throw json.problem("stop", "must be 0: nothing is taken from the end of a text.");
        }
        return json.getInt("start") == 1 ? Trim.ONE_SPACE : Trim.NOTHING;
    }

    private static void requireMarksToSpaces(JsonObject json) {
        boolean known = Spaces.MARK.equals(json.getObject("pattern").get("String"))
                && json.getString("content").equals(" ");
        if (!known) {
            throw json.problem("pattern", "a decoder may replace \"" + Spaces.MARK + "\" by a space, nothing else.");
        }
    }

    private static String type(JsonObject frame, String name) {
        return frame.getObject(name).getString("type");
    }
}
