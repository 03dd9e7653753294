package io.polyglow.common.token;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and writes a {@code tokenizer.json} of SentencePiece's family: {@code model} is BPE with byte fallback (or without, when text is cut by Metaspace), or Unigram. What would change ids and is not
 * supported is refused with its JSON path. Writing is canonical.
 */
final class PieceModelJson {
    private static final List<String> FRAME = List.of("normalizer", "pre_tokenizer", "post_processor", "decoder");

    private PieceModelJson() {}

    /** Whether a file is of this family, not byte-level BPE. */
    static boolean describes(JsonObject root) {
        JsonObject model = root.getObject("model");
        if (model.getString("type", "BPE").equals("Unigram") || model.getBoolean("byte_fallback", false)) {
            return true;
        }
        String decoder =
                root.get("decoder") == null ? "" : root.getObject("decoder").getString("type");
        return model.getString("type", "BPE").equals("BPE")
                && (decoder.equals("Metaspace") || decoder.equals("Sequence"));
    }

    static PieceModel parse(JsonObject root) {
        if (!root.getString("version", "1.0").equals("1.0")) {
            throw root.problem("version", "only version \"1.0\" is known.");
        }
        TokenizerJson.refuseSet(root, "truncation", "it would cut texts; set it to null.");
        TokenizerJson.checkPadding(root);
        checkPostProcessor(root);
        JsonObject frame = new JsonObject();
        FRAME.forEach(name -> frame.put(name, root.get(name)));
        JsonObject model = root.getObject("model");
        return model.getString("type", "BPE").equals("Unigram")
                ? parseUnigram(root, model, frame)
                : parseBpe(root, model, frame);
    }

    private static PieceModel parseUnigram(JsonObject root, JsonObject model, JsonObject frame) {
        JsonArray vocab = model.getArray("vocab");
        List<String> vocabulary = new ArrayList<>(vocab.size());
        List<Double> scores = new ArrayList<>(vocab.size());
        for (int id = 0; id < vocab.size(); id++) {
            JsonArray entry = vocab.getArray(id);
            vocabulary.add(entry.getString(0));
            scores.add(entry.getDouble(1));
        }
        int unknown = model.get("unk_id") == null ? -1 : model.getInt("unk_id", 0, vocab.size() - 1);
        return new PieceModel(
                frame,
                List.copyOf(vocabulary),
                null,
                List.copyOf(scores),
                unknown,
                true,
                model.getBoolean("byte_fallback", false),
                TokenizerJson.addedTokens(root, vocabulary));
    }

    private static PieceModel parseBpe(JsonObject root, JsonObject model, JsonObject frame) {
        if (model.get("dropout") != null && model.getDouble("dropout") != 0) {
            throw model.problem(
                    "dropout", "not supported: the same text must always get the same ids; set it to null.");
        }
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.getString(affix, "").isEmpty()) {
                throw model.problem(affix, "not supported, only vocabularies without affixes are.");
            }
        }
        if (model.getBoolean("ignore_merges", false)) {
            throw model.problem("ignore_merges", "not supported with byte_fallback; set it to false.");
        }
        Map<String, Integer> ids = new HashMap<>();
        List<String> vocabulary = TokenizerJson.vocabulary(model, ids);
        String unknown = model.getString("unk_token", "");
        if (!unknown.isEmpty() && !ids.containsKey(unknown)) {
            throw model.problem("unk_token", "\"" + unknown + "\" is not in the vocabulary.");
        }
        return new PieceModel(
                frame,
                vocabulary,
                TokenizerJson.merges(model, ids),
                null,
                ids.getOrDefault(unknown, -1),
                model.getBoolean("fuse_unk", false),
                model.getBoolean("byte_fallback", false),
                TokenizerJson.addedTokens(root, vocabulary));
    }

    private static void checkPostProcessor(JsonObject root) {
        if (root.get("post_processor") == null) {
            return;
        }
        String type = root.getObject("post_processor").getString("type");
        if (!type.equals("TemplateProcessing") && !type.equals("ByteLevel")) {
            throw root.problem(
                    "post_processor",
                    "only null, ByteLevel or TemplateProcessing is supported; it is kept for other programs, and nothing is added around a text here.");
        }
    }

    /** The canonical file: key order and indentation of Hugging Face. */
    static String write(PieceModel model) {
        JsonArray added = new JsonArray();
        model.addedTokens().forEach(token -> added.add(TokenizerJson.write(token)));
        JsonObject root = new JsonObject()
                .put("version", "1.0")
                .put("truncation", null)
                .put("padding", null)
                .put("added_tokens", added);
        FRAME.forEach(name -> root.put(name, model.frame().get(name)));
        return Json.pretty(root.put("model", model.merges() == null ? writeUnigram(model) : writeBpe(model)));
    }

    private static JsonObject writeUnigram(PieceModel model) {
        List<Double> scores = model.scores();
        JsonArray vocab = new JsonArray();
        for (int id = 0; scores != null && id < scores.size(); id++) {
            vocab.add(new JsonArray().add(model.vocabulary().get(id)).add(scores.get(id)));
        }
        return new JsonObject()
                .put("type", "Unigram")
                .put("unk_id", model.unknownId() < 0 ? null : model.unknownId())
                .put("vocab", vocab)
                .put("byte_fallback", model.byteFallback());
    }

    private static JsonObject writeBpe(PieceModel model) {
        JsonObject vocabulary = new JsonObject();
        for (int id = 0; id < model.vocabulary().size(); id++) {
            vocabulary.put(model.vocabulary().get(id), id);
        }
        JsonArray merges = new JsonArray();
        IntPairs pairs = model.merges();
        for (int rank = 0; pairs != null && rank < pairs.size(); rank++) {
            String left = model.vocabulary().get(pairs.left(rank));
            merges.add(new JsonArray().add(left).add(model.vocabulary().get(pairs.right(rank))));
        }
        return new JsonObject()
                .put("type", "BPE")
                .put("dropout", null)
                .put(
                        "unk_token",
                        model.unknownId() < 0 ? null : model.vocabulary().get(model.unknownId()))
                .put("continuing_subword_prefix", null)
                .put("end_of_word_suffix", null)
                .put("fuse_unk", model.fuseUnknown())
                .put("byte_fallback", model.byteFallback())
                .put("ignore_merges", false)
                .put("vocab", vocabulary)
                .put("merges", merges);
    }
}
