package io.polyglow.common.token;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Small tokenizers of SentencePiece's family, learned from {@link #TEXT} by the plainest means, as {@code tokenizer.json} and as {@code .model}. */
final class PieceModels {
    static final String TEXT =
            "all human beings are born free and equal in dignity and rights they are endowed with reason and conscience "
                    + "and should act towards one another in a spirit of brotherhood alle menschen sind frei und gleich an würde und rechten geboren sie sind mit "
                    + "vernunft und gewissen begabt und sollen einander im geist der brüderlichkeit begegnen все люди рождаются свободными и равными в своем "
                    + "достоинстве и правах они наделены разумом и совестью 人人 生而 自由 在 尊严 和 权利 上 一律 平等 他们 赋有 理性 和 良心 すべての 人間は 生まれ ながらに して 自由 で あり";

    /** What normalises like {@code nmt_nfkc} in miniature: full-width and half-width forms, a space, a composition of two, and one of two keys in a row. */
    static final Map<String, String> RULES = new TreeMap<>(Map.of(
            "Ａ", "A", "ａ", "a", "ｶ", "カ", "ｶﾞ", "ガ", "①", "1", "㍿", "株式会社", "\u3000", " ", "\t", " ", "e\u0301", "é",
            "\u00ad", ""));

    private static final String MARK = Spaces.MARK;

    record Piece(String text, double score, int type) {}

    private PieceModels() {}

    static Tokenizer read(String json) {
        return read("test.json", json.getBytes(StandardCharsets.UTF_8));
    }

    static Tokenizer read(String name, byte[] file) {
        try {
            return TokenizerFile.parse(name, new ByteArrayInputStream(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Control symbols, bytes if wanted, then what was learned; types as in SentencePiece. */
    static List<Piece> pieces(boolean bytes, Map<String, Double> learned) {
        List<Piece> pieces =
                new ArrayList<>(List.of(new Piece("<unk>", 0, 2), new Piece("<s>", 0, 3), new Piece("</s>", 0, 3)));
        for (int b = 0; bytes && b < 256; b++) {
            pieces.add(new Piece(String.format("<0x%02X>", b), 0, 6));
        }
        learned.forEach((text, score) -> pieces.add(new Piece(text, score, 1)));
        return pieces;
    }

    /** SentencePiece's BPE: the score of a piece is minus its rank, characters come last. */
    static Map<String, Double> bpe(int merges) {
        List<List<String>> words = new ArrayList<>();
        for (String word : TEXT.split(" ", -1)) {
            words.add(new ArrayList<>(characters(MARK + word)));
        }
        Map<String, Double> learned = new LinkedHashMap<>();
        for (int round = 0; round < merges; round++) {
            Map<String, Integer> counts = new TreeMap<>();
            words.forEach(word -> pairs(word).forEach(pair -> counts.merge(pair, 1, Integer::sum)));
            String best = counts.entrySet().stream()
                    .max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .orElseThrow()
                    .getKey();
            words.forEach(word -> merge(word, best));
            learned.put(best.replace(" ", ""), (double) -learned.size());
        }
        for (String character : new TreeSet<>(characters(MARK + TEXT.replace(" ", "")))) {
            learned.putIfAbsent(character, (double) -learned.size());
        }
        return learned;
    }

    /** Log-probabilities of frequent substrings of words. */
    static Map<String, Double> unigram(int size) {
        Map<String, Integer> counts = new TreeMap<>();
        for (String word : TEXT.split(" ", -1)) {
            String marked = MARK + word;
            for (int i = 0; i < marked.length(); i++) {
                for (int j = i + 1; j <= Math.min(marked.length(), i + 6); j++) {
                    counts.merge(marked.substring(i, j), 1, Integer::sum);
                }
            }
        }
        double total = counts.values().stream().mapToInt(i -> i).sum();
        Map<String, Double> learned = new LinkedHashMap<>();
        counts.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<String, Integer> e) -> -e.getValue()
                        * (e.getKey().length() == 1 ? 1000 : e.getKey().length())))
                .limit(size)
                .forEach(e -> learned.put(e.getKey(), (double) (float) Math.log(e.getValue() / total)));
        return learned;
    }

    /** {@code model} and {@code added_tokens} of a {@code tokenizer.json} for BPE pieces, with every way to merge each. */
    static JsonObject bpeJson(List<Piece> pieces, boolean bytes) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        pieces.forEach(piece -> ids.put(piece.text(), ids.size()));
        JsonArray merges = new JsonArray();
        pieces.stream()
                .filter(piece -> piece.type() == 1)
                .sorted(Comparator.comparingDouble(piece -> -piece.score()))
                .forEach(piece -> {
                    List<String[]> ways = new ArrayList<>();
                    for (int cut = 1; cut < piece.text().length(); cut++) {
                        String[] way = {
                            piece.text().substring(0, cut), piece.text().substring(cut)
                        };
                        if (ids.containsKey(way[0]) && ids.containsKey(way[1])) {
                            ways.add(way);
                        }
                    }
                    ways.sort(Comparator.comparingInt((String[] way) -> ids.getOrDefault(way[0], 0))
                            .thenComparingInt(way -> ids.getOrDefault(way[1], 0)));
                    ways.forEach(way -> merges.add(new JsonArray().add(way[0]).add(way[1])));
                });
        JsonObject vocab = new JsonObject();
        ids.forEach(vocab::put);
        return new JsonObject()
                .put("type", "BPE")
                .put("dropout", null)
                .put("unk_token", "<unk>")
                .put("continuing_subword_prefix", null)
                .put("end_of_word_suffix", null)
                .put("fuse_unk", true)
                .put("byte_fallback", bytes)
                .put("ignore_merges", false)
                .put("vocab", vocab)
                .put("merges", merges);
    }

    static JsonObject unigramJson(List<Piece> pieces, boolean bytes) {
        JsonArray vocab = new JsonArray();
        pieces.forEach(piece -> vocab.add(new JsonArray().add(piece.text()).add(piece.score())));
        return new JsonObject()
                .put("type", "Unigram")
                .put("unk_id", 0)
                .put("vocab", vocab)
                .put("byte_fallback", bytes);
    }

    /** A whole file; parts are JSON. */
    static String json(String normalizer, String preTokenizer, String decoder, JsonObject model) {
        String added = "[%s,%s,%s]".formatted(added(0, "<unk>"), added(1, "<s>"), added(2, "</s>"));
        return """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":%s,"normalizer":%s,"pre_tokenizer":%s,
                "post_processor":null,"decoder":%s,"model":%s}"""
                .formatted(added, normalizer, preTokenizer, decoder, Json.line(model));
    }

    private static String added(int id, String content) {
        return """
                {"id":%d,"content":"%s","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""
                .formatted(id, content);
    }

    /** A SentencePiece {@code .model}: pieces, {@code trainer_spec}, {@code normalizer_spec}. */
    static byte[] model(List<Piece> pieces, int modelType, boolean bytes, byte[] charsMap, boolean trimSpaces) {
        return model(pieces, modelType, bytes, charsMap, trimSpaces, true);
    }

    static byte[] model(
            List<Piece> pieces, int modelType, boolean bytes, byte[] charsMap, boolean trimSpaces, boolean prefix) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Piece piece : pieces) {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            field(message, 1, piece.text().getBytes(StandardCharsets.UTF_8));
            message.write((2 << 3) | 5);
            int bits = Float.floatToIntBits((float) piece.score());
            message.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(bits)
                    .array());
            message.writeBytes(new byte[] {3 << 3, (byte) piece.type()});
            field(out, 1, message.toByteArray());
        }
        // model_type = 3; byte_fallback = 35, whose tag takes two bytes
        field(out, 2, new byte[] {3 << 3, (byte) modelType, (byte) 0x98, 2, (byte) (bytes ? 1 : 0)});
        ByteArrayOutputStream normalizer = new ByteArrayOutputStream();
        field(normalizer, 2, charsMap);
        // add_dummy_prefix = 3, remove_extra_whitespaces = 4
        normalizer.writeBytes(new byte[] {3 << 3, (byte) (prefix ? 1 : 0), 4 << 3, (byte) (trimSpaces ? 1 : 0)});
        field(out, 3, normalizer.toByteArray());
        return out.toByteArray();
    }

    private static void field(ByteArrayOutputStream out, int number, byte[] value) {
        out.write((number << 3) | 2);
        int length = value.length;
        while (length > 0x7F) {
            out.write((length & 0x7F) | 0x80);
            length >>>= 7;
        }
        out.write(length);
        out.writeBytes(value);
    }

    /** {@link #RULES} as a precompiled charsmap: a darts-clone double array, filled first fit. */
    static byte[] charsMap() {
        return charsMap(RULES);
    }

    static byte[] charsMap(Map<String, String> rules) {
        ByteArrayOutputStream replacements = new ByteArrayOutputStream();
        Map<String, Integer> values = new TreeMap<>();
        rules.forEach((from, to) -> {
            values.put(
                    new String(from.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1),
                    replacements.size());
            replacements.writeBytes(to.getBytes(StandardCharsets.UTF_8));
            replacements.write(0);
        });
        int[] units = new int[1 << 12];
        boolean[] used = new boolean[units.length];
        used[0] = true;
        place(units, used, new TreeSet<>(), 0, "", values);
        ByteBuffer blob =
                ByteBuffer.allocate(4 + 4 * units.length + replacements.size()).order(ByteOrder.LITTLE_ENDIAN);
        blob.putInt(4 * units.length);
        Arrays.stream(units).forEach(blob::putInt);
        return blob.put(replacements.toByteArray()).array();
    }

    /** Only labels are checked on a walk, not parents, so no two nodes may have one base. */
    private static void place(
            int[] units, boolean[] used, Set<Integer> bases, int node, String prefix, Map<String, Integer> values) {
        TreeSet<Character> labels = new TreeSet<>();
        values.keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .forEach(key -> labels.add(key.length() == prefix.length() ? '\0' : key.charAt(prefix.length())));
        int base = 1;
        while (bases.contains(base) || !free(used, base, labels)) {
            base++;
        }
        bases.add(base);
        units[node] |= ((node ^ base) << 10) | (values.containsKey(prefix) ? 1 << 8 : 0);
        for (char label : labels) {
            used[base ^ label] = true;
        }
        for (char label : labels) {
            if (label == 0) {
                units[base] = values.getOrDefault(prefix, 0) | (1 << 31);
            } else {
                units[base ^ label] = label;
                place(units, used, bases, base ^ label, prefix + label, values);
            }
        }
    }

    private static boolean free(boolean[] used, int base, Set<Character> labels) {
        return labels.stream().noneMatch(label -> used[base ^ label]);
    }

    private static List<String> characters(String text) {
        return text.codePoints().mapToObj(Character::toString).toList();
    }

    private static List<String> pairs(List<String> word) {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < word.size(); i++) {
            pairs.add(word.get(i) + " " + word.get(i + 1));
        }
        return pairs;
    }

    private static void merge(List<String> word, String pair) {
        for (int i = 0; i + 1 < word.size(); i++) {
            if ((word.get(i) + " " + word.get(i + 1)).equals(pair)) {
                word.set(i, pair.replace(" ", ""));
                word.remove(i + 1);
            }
        }
    }
}
