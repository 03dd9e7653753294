package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Reads a SentencePiece {@code .model} (google/sentencepiece, {@code src/sentencepiece_model.proto}) as the {@code tokenizer.json} that says the same: the
 * charsmap becomes a Precompiled normaliser, spaces become marks, pieces a vocabulary, scores of a BPE model the order of its merges. Control and
 * user-defined symbols become added tokens. Model types WORD and CHAR, and pieces of type UNUSED, are refused.
 */
final class SentencePieceFile {
    private static final int UNIGRAM = 1;
    private static final int BPE = 2;
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;

    private record Piece(String text, float score, int type) {}

    private final String source;
    private final List<Piece> pieces = new ArrayList<>();
    private int modelType = UNIGRAM;
    private boolean byteFallback;
    private byte[] charsMap = {};
    private boolean dummyPrefix = true;
    private boolean trimSpaces = true;

    private SentencePieceFile(String source) {
        this.source = source;
    }

    /** Whether bytes begin like a model: field 1, a piece, whose field 1 is its text. */
    static boolean isOne(byte[] bytes) {
        return bytes.length > 4 && bytes[0] == 0x0A && bytes[2] == 0x0A && bytes[3] < bytes[1];
    }

    static JsonObject json(String source, byte[] model) {
        SentencePieceFile file = new SentencePieceFile(source);
        file.read(new ProtoReader(source, model));
        return file.json();
    }

    private void read(ProtoReader in) {
        while (in.next()) {
            switch (in.field()) {
                case 1 -> pieces.add(piece(in.message()));
                case 2 -> readTrainer(in.message());
                case 3 -> readNormalizer(in.message());
                default -> in.skip();
            }
        }
        if (modelType != UNIGRAM && modelType != BPE) {
            throw problem("model type " + modelType + " is not supported, only UNIGRAM (1) and BPE (2) are");
        }
    }

    private Piece piece(ProtoReader in) {
        String text = "";
        float score = 0;
        int type = NORMAL;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> text = in.text();
                case 2 -> score = in.single();
                case 3 -> type = (int) in.number();
                default -> in.skip();
            }
        }
        if (text.isEmpty() || type == UNUSED || !Float.isFinite(score)) {
            throw problem("piece " + pieces.size() + " \"" + text + "\" of type " + type + " with score " + score
                    + " is empty, unused or without a finite score");
        }
        return new Piece(text, score, type);
    }

    private void readTrainer(ProtoReader in) {
        while (in.next()) {
            switch (in.field()) {
                case 3 -> modelType = (int) in.number();
                case 24 -> requireOff(in.flag(), "treat_whitespace_as_suffix");
                case 35 -> byteFallback = in.flag();
                default -> in.skip();
            }
        }
    }

    private void readNormalizer(ProtoReader in) {
        while (in.next()) {
            switch (in.field()) {
                case 2 -> charsMap = in.bytes();
                case 3 -> dummyPrefix = in.flag();
                case 4 -> trimSpaces = in.flag();
                case 5 -> requireOff(!in.flag(), "escape_whitespaces: false");
                default -> in.skip();
            }
        }
    }

    private void requireOff(boolean on, String what) {
        if (on) {
            throw problem(what + " is not supported");
        }
    }

    private JsonObject json() {
        JsonArray added = new JsonArray();
        for (int id = 0; id < pieces.size(); id++) {
            int type = pieces.get(id).type();
            if (type == UNKNOWN || type == CONTROL || type == USER_DEFINED) {
                boolean special = type != USER_DEFINED;
                added.add(TokenizerJson.write(
                        new AddedToken(id, pieces.get(id).text(), false, false, false, false, special)));
            }
        }
        return new JsonObject()
                .put("version", "1.0")
                .put("added_tokens", added)
                .put("normalizer", normalizer())
                .put("decoder", decoder())
                .put("model", modelType == BPE ? bpe() : unigram());
    }

    private JsonObject normalizer() {
        JsonArray steps = new JsonArray();
        if (charsMap.length > 0) {
            steps.add(new JsonObject()
                    .put("type", "Precompiled")
                    .put("precompiled_charsmap", Base64.getEncoder().encodeToString(charsMap)));
        }
        if (trimSpaces) {
            steps.add(replace("Regex", Normalizers.SPACES_AT_START, ""));
            steps.add(replace("Regex", Normalizers.SPACES_AND_MARKS_AT_END, ""));
            steps.add(replace("Regex", Normalizers.RUNS_OF_SPACES, " "));
        }
        if (dummyPrefix) {
            steps.add(new JsonObject().put("type", "Prepend").put("prepend", Spaces.MARK));
        }
        steps.add(replace("String", " ", Spaces.MARK));
        return new JsonObject().put("type", "Sequence").put("normalizers", steps);
    }

    private JsonObject decoder() {
        JsonArray steps = new JsonArray()
                .add(replace("String", Spaces.MARK, " "))
                .add(new JsonObject().put("type", "ByteFallback"))
                .add(new JsonObject().put("type", "Fuse"));
        if (dummyPrefix) {
            steps.add(new JsonObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0));
        }
        return new JsonObject().put("type", "Sequence").put("decoders", steps);
    }

    private static JsonObject replace(String kind, String from, String to) {
        return new JsonObject()
                .put("type", "Replace")
                .put("pattern", new JsonObject().put(kind, from))
                .put("content", to);
    }

    private JsonObject unigram() {
        JsonArray vocab = new JsonArray();
        pieces.forEach(piece -> vocab.add(new JsonArray().add(piece.text()).add((double) piece.score())));
        return new JsonObject()
                .put("type", "Unigram")
                .put("unk_id", unknownId() < 0 ? null : unknownId())
                .put("vocab", vocab)
                .put("byte_fallback", byteFallback);
    }

    private JsonObject bpe() {
        JsonObject vocab = new JsonObject();
        for (int id = 0; id < pieces.size(); id++) {
            if (vocab.has(pieces.get(id).text())) {
                throw problem("piece " + id + " \"" + pieces.get(id).text() + "\" comes twice");
            }
            vocab.put(pieces.get(id).text(), id);
        }
        return new JsonObject()
                .put("type", "BPE")
                .put(
                        "unk_token",
                        unknownId() < 0 ? null : pieces.get(unknownId()).text())
                .put("fuse_unk", true)
                .put("byte_fallback", byteFallback)
                .put("vocab", vocab)
                .put("merges", merges());
    }

    private int unknownId() {
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).type() == UNKNOWN) {
                return id;
            }
        }
        return -1;
    }

    private record Merge(String left, String right, float score, int leftId, int rightId) {}

    /** Every way to make a piece of two, the piece of highest score first; among those of one piece, by their ids. */
    private JsonArray merges() {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).type() == NORMAL || pieces.get(id).type() == USER_DEFINED) {
                ids.put(pieces.get(id).text(), id);
            }
        }
        List<Merge> merges = new ArrayList<>();
        ids.keySet().forEach(text -> addMerges(text, ids, merges));
        merges.sort(Comparator.comparingDouble((Merge merge) -> -merge.score)
                .thenComparingInt(merge -> Objects.requireNonNull(ids.get(merge.left + merge.right)))
                .thenComparingInt(Merge::leftId)
                .thenComparingInt(Merge::rightId));
        JsonArray json = new JsonArray();
        merges.forEach(merge -> json.add(new JsonArray().add(merge.left).add(merge.right)));
        return json;
    }

    private void addMerges(String text, Map<String, Integer> ids, List<Merge> merges) {
        float score = pieces.get(Objects.requireNonNull(ids.get(text))).score();
        for (int cut = 1; cut < text.length(); cut++) {
            Integer left = ids.get(text.substring(0, cut));
            Integer right = ids.get(text.substring(cut));
            if (left != null && right != null) {
                merges.add(new Merge(text.substring(0, cut), text.substring(cut), score, left, right));
            }
        }
    }

    private PolyglowException problem(String what) {
        return new PolyglowException(ErrorKind.DATA, source + ": " + what + ".");
    }
}
