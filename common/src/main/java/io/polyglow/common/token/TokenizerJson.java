package io.polyglow.common.token;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.agrona.collections.IntArrayList;

/**
 * Reads and writes Hugging Face's {@code tokenizer.json}, as far as it describes byte-level BPE. Whatever would change ids and is not supported here is
 * refused with the JSON path, never ignored. Writing is canonical: equal models give equal bytes. See {@code docs/formats/tokenizer.md}.
 */
public final class TokenizerJson {
    /** Largest file: the largest public vocabularies are around 20 MB. */
    static final int MAX_BYTES = 128 << 20;

    private static final int MAX_ID = 1 << 24;

    private TokenizerJson() {}

    /** Parses a file; {@code source} is what errors call it. The stream is not closed. */
    public static BpeModel parse(String source, InputStream in) throws IOException {
        return parse(Json.parseObject(source, in, MAX_BYTES));
    }

    /** The model that a parsed file describes. */
    static BpeModel parse(JsonObject root) {
        if (!root.getString("version", "1.0").equals("1.0")) {
            throw root.problem("version", "only version \"1.0\" is known.");
        }
        refuseSet(root, "truncation", "it would cut texts; set it to null.");
        checkPadding(root);
        checkDecoder(root);
        PreTokenRule pattern = PreTokenizerJson.parse(root);
        JsonObject model = root.getObject("model");
        checkModel(model);
        Map<String, Integer> ids = new HashMap<>();
        List<String> vocabulary = vocabulary(model, ids);
        IntPairs merges = merges(model, ids);
        List<AddedToken> added = addedTokens(root, vocabulary);
        refuseUnknownToken(model, ids);
        TextFrame frame = TextFrameJson.parse(root, Math.max(vocabulary.size(), lastId(added) + 1));
        return new BpeModel(pattern, model.getBoolean("ignore_merges", false), vocabulary, merges, added, frame);
    }

    /** The canonical file: key order and indentation of Hugging Face, merges as pairs, ids ascending. */
    public static String write(BpeModel model) {
        JsonArray added = new JsonArray();
        model.addedTokens().forEach(token -> added.add(write(token)));
        JsonObject root = new JsonObject()
                .put("version", "1.0")
                .put("truncation", null)
                .put("padding", null)
                .put("added_tokens", added)
                .put("normalizer", TextFrameJson.normalizer(model.frame()))
                .put("pre_tokenizer", PreTokenizerJson.write(model.pattern()))
                .put("post_processor", TextFrameJson.postProcessor(model))
                .put("decoder", PreTokenizerJson.byteLevel(true))
                .put("model", writeModel(model));
        return Json.pretty(root);
    }

    private static JsonObject writeModel(BpeModel model) {
        JsonObject vocabulary = new JsonObject();
        for (int id = 0; id < model.vocabulary().size(); id++) {
            vocabulary.put(model.vocabulary().get(id), id);
        }
        JsonArray merges = new JsonArray();
        for (int rank = 0; rank < model.merges().size(); rank++) {
            String left = model.vocabulary().get(model.merges().left(rank));
            String right = model.vocabulary().get(model.merges().right(rank));
            merges.add(new JsonArray().add(left).add(right));
        }
        return new JsonObject()
                .put("type", "BPE")
                .put("dropout", null)
                .put("unk_token", null)
                .put("continuing_subword_prefix", null)
                .put("end_of_word_suffix", null)
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", model.wholePieceFirst())
                .put("vocab", vocabulary)
                .put("merges", merges);
    }

    static JsonObject write(AddedToken token) {
        return new JsonObject()
                .put("id", token.id())
                .put("content", token.content())
                .put("single_word", token.singleWord())
                .put("lstrip", token.lstrip())
                .put("rstrip", token.rstrip())
                .put("normalized", token.normalized())
                .put("special", token.special());
    }

    static void refuseSet(JsonObject object, String name, String why) {
        if (object.get(name) != null) {
            throw object.problem(name, "not supported: " + why);
        }
    }

    /** Padding fills up batches of texts; it changes the ids of none, and is not kept. */
    static void checkPadding(JsonObject root) {
        if (root.get("padding") != null) {
            root.getObject("padding");
        }
    }

    private static void checkDecoder(JsonObject root) {
        if (!root.getObject("decoder").getString("type").equals("ByteLevel")) {
            throw root.problem("decoder", "only the ByteLevel decoder is supported.");
        }
    }

    private static int lastId(List<AddedToken> added) {
        return added.isEmpty() ? -1 : added.get(added.size() - 1).id();
    }

    private static void checkModel(JsonObject model) {
        if (!model.getString("type", "BPE").equals("BPE")) {
            throw model.problem("type", "\"" + model.get("type") + "\" is not supported, only \"BPE\" is.");
        }
        if (model.get("dropout") != null && model.getDouble("dropout") != 0) {
            throw model.problem(
                    "dropout", "not supported: the same text must always get the same ids; set it to null.");
        }
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.getString(affix, "").isEmpty()) {
                throw model.problem(affix, "not supported, only byte-level vocabularies without affixes are.");
            }
        }
        if (model.getBoolean("byte_fallback", false)) {
            throw model.problem("byte_fallback", "not supported, only byte-level vocabularies are.");
        }
    }

    /** Hugging Face would answer {@code unk_token} for bytes that the vocabulary lacks; with all 256 there that cannot happen. */
    private static void refuseUnknownToken(JsonObject model, Map<String, Integer> ids) {
        byte[] one = new byte[1];
        for (int b = 0; b < 256 && model.get("unk_token") != null; b++) {
            one[0] = (byte) b;
            if (!ids.containsKey(ByteAlphabet.encode(one))) {
                throw model.problem("unk_token", "not supported in a vocabulary that lacks bytes; set it to null.");
            }
        }
    }

    static List<String> vocabulary(JsonObject model, Map<String, Integer> ids) {
        JsonObject vocab = model.getObject("vocab");
        String[] tokens = new String[vocab.names().size()];
        for (String token : vocab.names()) {
            int id = vocab.getInt(token, 0, MAX_ID);
            if (id >= tokens.length || tokens[id] != null) {
                throw vocab.problem(
                        token,
                        "id " + id + ": the ids of a vocabulary must be 0 to " + (tokens.length - 1) + ", each once.");
            }
            tokens[id] = token;
            ids.put(token, id);
        }
        return List.of(tokens);
    }

    static IntPairs merges(JsonObject model, Map<String, Integer> ids) {
        JsonArray merges = model.getArray("merges");
        IntArrayList pairs = new IntArrayList(2 * merges.size() + 1, IntArrayList.DEFAULT_NULL_VALUE);
        for (int rank = 0; rank < merges.size(); rank++) {
            String[] pair = pair(model, merges, rank);
            for (String token : List.of(pair[0], pair[1], pair[0] + pair[1])) {
                if (!ids.containsKey(token)) {
                    throw model.problem("merges[" + rank + "]", "\"" + token + "\" is not in the vocabulary.");
                }
            }
            pairs.addInt(ids.getOrDefault(pair[0], -1));
            pairs.addInt(ids.getOrDefault(pair[1], -1));
        }
        return new IntPairs(pairs);
    }

    /** Both notations: {@code "a b"} (before tokenizers 0.20) and {@code ["a", "b"]}. */
    private static String[] pair(JsonObject model, JsonArray merges, int rank) {
        String[] pair = merges.get(rank) instanceof String text
                ? text.split(" ", -1)
                : merges.getArray(rank).strings().toArray(new String[0]);
        if (pair.length != 2) {
            throw model.problem("merges[" + rank + "]", "expected two tokens, found " + pair.length + ".");
        }
        return pair;
    }

    static List<AddedToken> addedTokens(JsonObject root, List<String> vocabulary) {
        List<AddedToken> tokens = new ArrayList<>();
        if (root.get("added_tokens") == null) {
            return tokens;
        }
        int next = vocabulary.size();
        int last = -1;
        for (JsonObject each : root.getArray("added_tokens").objects()) {
            AddedToken token = addedToken(each, vocabulary);
            boolean known = token.id() < vocabulary.size();
            if (token.id() <= last || (!known && token.id() != next)) {
                throw each.problem(
                        "id",
                        token.id()
                                + ": an added token must repeat a vocabulary entry or continue the ids after it,"
                                + " ascending.");
            }
            next += known ? 0 : 1;
            last = token.id();
            tokens.add(token);
        }
        return List.copyOf(tokens);
    }

    /** Where the vocabulary has the token under another id, that one counts, as in Hugging Face's library. */
    private static AddedToken addedToken(JsonObject json, List<String> vocabulary) {
        json.refuseUnknown(Set.of("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"));
        int id = json.getInt("id", 0, MAX_ID);
        String content = json.getString("content");
        if (id >= vocabulary.size() || !vocabulary.get(id).equals(content)) {
            int known = vocabulary.indexOf(content);
            if (known < 0 && id < vocabulary.size()) {
                throw json.problem("id", id + ": the vocabulary has \"" + vocabulary.get(id) + "\" there.");
            }
            id = known < 0 ? id : known;
        }
        return new AddedToken(
                id,
                content,
                json.getBoolean("single_word", false),
                json.getBoolean("lstrip", false),
                json.getBoolean("rstrip", false),
                json.getBoolean("normalized", false),
                json.getBoolean("special", false));
    }
}
