package io.polyglow.common.token;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code normalizer} and {@code post_processor} of a {@code tokenizer.json}: what its file asks for around a text. */
final class TextFrameJson {
    private static final String NORMALIZER = "normalizer";
    private static final String POST_PROCESSOR = "post_processor";
    private static final String TEMPLATE = "TemplateProcessing";
    private static final String TYPE = "type";

    private TextFrameJson() {}

    static TextFrame parse(JsonObject root, int size) {
        boolean nfc = parseNormalizer(root);
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        if (root.get(POST_PROCESSOR) != null) {
            parseProcessor(root.getObject(POST_PROCESSOR), size, before, after);
        }
        return new TextFrame(nfc, before, after);
    }

    private static boolean parseNormalizer(JsonObject root) {
        if (root.get(NORMALIZER) == null) {
            return false;
        }
        JsonObject json = root.getObject(NORMALIZER);
        if (json.getString(TYPE).equals("Sequence")) {
            List<JsonObject> parts = json.getArray("normalizers").objects();
            if (parts.isEmpty()) {
                return false;
            }
            json = parts.get(0);
            if (parts.size() > 1) {
                throw root.problem(NORMALIZER, "a sequence of several is not supported, only null or NFC is.");
            }
        }
        if (!json.getString(TYPE).equals("NFC")) {
            throw root.problem(NORMALIZER, "only null or NFC is supported: normalise texts before they are tokenized.");
        }
        return true;
    }

    private static void parseProcessor(JsonObject json, int size, List<Integer> before, List<Integer> after) {
        switch (json.getString(TYPE)) {
            case "ByteLevel" -> {}
            case "Sequence" -> {
                for (JsonObject each : json.getArray("processors").objects()) {
                    parseProcessor(each, size, before, after);
                }
            }
            case TEMPLATE -> parseTemplate(json, size, before, after);
            case "RobertaProcessing", "BertProcessing" -> {
                before.add(0, (int) json.getArray("cls").getLong(1, 0, size - 1));
                after.add((int) json.getArray("sep").getLong(1, 0, size - 1));
            }
            default ->
                throw json.problem(
                        TYPE,
                        "\"" + json.getString(TYPE)
                                + "\" is not supported; ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing and a Sequence of them are.");
        }
    }

    /** {@code single}: special tokens around the text {@code A}. {@code pair} is for two texts, which nothing here encodes. */
    private static void parseTemplate(JsonObject json, int size, List<Integer> before, List<Integer> after) {
        List<Integer> ownBefore = new ArrayList<>();
        List<Integer> ownAfter = new ArrayList<>();
        boolean text = false;
        for (JsonObject piece : json.getArray("single").objects()) {
            if (piece.has("SpecialToken")) {
                String name = piece.getObject("SpecialToken").getString("id");
                JsonObject special = json.getObject("special_tokens").getObject(name);
                for (long id : special.getArray("ids").longs()) {
                    (text ? ownAfter : ownBefore).add(checked(special, id, size));
                }
            } else if (text || !piece.getObject("Sequence").getString("id").equals("A")) {
                throw piece.problem("Sequence", "the template of one text must have the sequence A once.");
            } else {
                text = true;
            }
        }
        if (!text) {
            throw json.problem("single", "the template of one text must have the sequence A once.");
        }
        before.addAll(0, ownBefore);
        after.addAll(ownAfter);
    }

    private static int checked(JsonObject at, long id, int size) {
        if (id < 0 || id >= size) {
            throw at.problem("ids", id + " is not in the vocabulary of " + size + " ids.");
        }
        return (int) id;
    }

    static @Nullable JsonObject normalizer(TextFrame frame) {
        return frame.nfc() ? new JsonObject().put(TYPE, "NFC") : null;
    }

    static JsonObject postProcessor(BpeModel model) {
        TextFrame frame = model.frame();
        if (frame.before().isEmpty() && frame.after().isEmpty()) {
            return PreTokenizerJson.byteLevel(true);
        }
        JsonObject names = new JsonObject();
        JsonObject template = new JsonObject()
                .put(TYPE, TEMPLATE)
                .put("single", around(model, "A", names, new JsonArray()))
                .put("pair", around(model, "B", names, around(model, "A", names, new JsonArray())))
                .put("special_tokens", names);
        return new JsonObject()
                .put(TYPE, "Sequence")
                .put(
                        "processors",
                        new JsonArray().add(PreTokenizerJson.byteLevel(true)).add(template));
    }

    private static JsonArray around(BpeModel model, String sequence, JsonObject names, JsonArray pieces) {
        int type = sequence.equals("A") ? 0 : 1;
        model.frame().before().forEach(id -> pieces.add(special(model, id, type, names)));
        pieces.add(new JsonObject()
                .put("Sequence", new JsonObject().put("id", sequence).put("type_id", type)));
        model.frame().after().forEach(id -> pieces.add(special(model, id, type, names)));
        return pieces;
    }

    private static JsonObject special(BpeModel model, int id, int type, JsonObject names) {
        String name = model.addedTokens().stream()
                .filter(token -> token.id() == id)
                .map(AddedToken::content)
                .findFirst()
                .orElseGet(() -> model.vocabulary().get(id));
        names.put(
                name,
                new JsonObject()
                        .put("id", name)
                        .put("ids", new JsonArray().add(id))
                        .put("tokens", new JsonArray().add(name)));
        return new JsonObject()
                .put("SpecialToken", new JsonObject().put("id", name).put("type_id", type));
    }
}
