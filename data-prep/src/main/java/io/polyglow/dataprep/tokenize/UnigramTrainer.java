package io.polyglow.dataprep.tokenize;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.ByteAlphabet;
import io.polyglow.common.token.IntPairs;
import io.polyglow.common.token.PieceTrie;
import io.polyglow.common.token.TokenizerJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.agrona.collections.IntArrayList;

/**
 * Learns a unigram language model (Kudo 2018, "Subword Regularization"; SentencePiece's {@code unigram_model_trainer.cc}) from the same (pre-token, count) table as
 * {@link BpeTrainer}: it starts from frequent substrings, and in turn estimates their probabilities (two steps of expectation-maximisation) and drops the
 * quarter whose loss would cost the least, until the wanted size is near. Pieces are byte strings that hold whole characters, or single bytes; all 256 bytes stay, so any text
 * can be written, and so do the characters that make up 99.95 % of the text.
 *
 * <p>Words are visited in the order of their bytes and sums use strict arithmetic: the result depends on the table alone. For one thread. Time: a few
 * dozen passes over the distinct pre-tokens.
 */
public final class UnigramTrainer implements PreTokenSink {
    private static final int MAX_CHARACTERS = 16;
    private static final int MIN_SEEDS = 100_000;
    private static final int STEPS = 2;
    private static final double SHRINK = 0.75;
    private static final double MARGIN = 1.1;
    private static final double COVERAGE = 0.9995;
    private static final double LEAST_COUNT = 0.5;

    private static final class Piece {
        final byte[] bytes;
        final double score;
        final boolean required;

        Piece(byte[] bytes, double score, boolean required) {
            this.bytes = bytes;
            this.score = score;
            this.required = required;
        }
    }

    private final TokenizerConfig config;
    private final TrainingTable.Builder builder = new TrainingTable.Builder();

    /** Starts with an empty table. */
    public UnigramTrainer(TokenizerConfig config) {
        config.requireRoom();
        this.config = config;
    }

    @Override
    public void add(byte[] preToken, long count) {
        builder.add(preToken, count);
    }

    /** Learns; call once, after the last {@link #add}. The answer is a {@code tokenizer.json}. */
    public byte[] train() {
        TrainingTable table = builder.build();
        int room = config.vocabSize() - config.specials().size();
        List<Piece> pieces = seeds(table, room);
        int near = Math.max(room, (int) (room * MARGIN));
        while (true) {
            for (int step = 0; step < STEPS; step++) {
                pieces = estimate(table, pieces);
            }
            if (pieces.size() <= near) {
                return write(best(pieces, room));
            }
            pieces = prune(table, pieces, near);
        }
    }

    /** The 256 bytes, the characters that are kept, and the best substrings. */
    private List<Piece> seeds(TrainingTable table, int room) {
        int longest = config.maxTokenLength() == null ? 4 * MAX_CHARACTERS : config.maxTokenLength() - 1;
        List<SeedPieces.Seed> seeds =
                SeedPieces.of(table, MAX_CHARACTERS, longest, Math.max(MIN_SEEDS, 10 * config.vocabSize()));
        double total = seeds.stream().mapToDouble(SeedPieces.Seed::covers).sum() + 256;
        List<Piece> pieces = new ArrayList<>();
        double[] ofByte = new double[256];
        Arrays.fill(ofByte, 1);
        Set<SeedPieces.Seed> required = required(seeds, (room - 256) / 2);
        for (SeedPieces.Seed seed : seeds) {
            if (seed.piece.length == 1) {
                ofByte[seed.piece[0] & 0xFF] += seed.covers();
            } else {
                double score = StrictMath.log(seed.covers() / total);
                pieces.add(new Piece(seed.piece, score, required.contains(seed)));
            }
        }
        for (int b : ByteAlphabet.bytesInIdOrder()) {
            pieces.add(new Piece(new byte[] {(byte) b}, StrictMath.log(ofByte[b] / total), true));
        }
        return pieces;
    }

    private static Set<SeedPieces.Seed> required(List<SeedPieces.Seed> seeds, int room) {
        List<SeedPieces.Seed> characters =
                seeds.stream().filter(seed -> seed.characters == 1).toList();
        double all = characters.stream().mapToDouble(SeedPieces.Seed::covers).sum();
        Set<SeedPieces.Seed> required = new HashSet<>();
        double covered = 0;
        for (SeedPieces.Seed character : characters) {
            if (covered >= COVERAGE * all || required.size() >= room) {
                break;
            }
            covered += character.covers();
            if (character.piece.length > 1) {
                required.add(character);
            }
        }
        return required;
    }

    /** One step: expected counts under the scores of now, then scores from counts (with a digamma, as SentencePiece: few counts are trusted less). */
    private static List<Piece> estimate(TrainingTable table, List<Piece> pieces) {
        PieceLattice lattice = new PieceLattice(trie(pieces), scores(pieces));
        double[] counts = new double[pieces.size()];
        for (int word = 0; word < table.words(); word++) {
            lattice.expect(table.text(), table.start(word), table.end(word), (double) table.count(word), counts);
        }
        double total = 0;
        for (int i = 0; i < counts.length; i++) {
            boolean required = pieces.get(i).required;
            counts[i] = required ? Math.max(counts[i], LEAST_COUNT) : counts[i];
            total += counts[i] >= LEAST_COUNT ? counts[i] : 0;
        }
        List<Piece> kept = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] >= LEAST_COUNT) {
                double score = digamma(counts[i]) - digamma(total);
                kept.add(new Piece(pieces.get(i).bytes, score, pieces.get(i).required));
            }
        }
        return kept;
    }

    private record Loss(int piece, double loss) {}

    /** Keeps the pieces without which the text would become least likely. */
    private static List<Piece> prune(TrainingTable table, List<Piece> pieces, int near) {
        PieceLattice lattice = new PieceLattice(trie(pieces), scores(pieces));
        double[] used = new double[pieces.size()];
        double total = 0;
        IntArrayList path = new IntArrayList();
        for (int word = 0; word < table.words(); word++) {
            path.clear();
            lattice.best(table.text(), table.start(word), table.end(word), -1, path);
            for (int i = 0; i < path.size(); i++) {
                used[path.getInt(i)] += (double) table.count(word);
                total += (double) table.count(word);
            }
        }
        List<Loss> losses = new ArrayList<>();
        List<Piece> kept = new ArrayList<>();
        for (int i = 0; i < used.length; i++) {
            if (pieces.get(i).required) {
                kept.add(pieces.get(i));
            } else if (used[i] > 0) {
                double loss = loss(lattice, pieces, used, total, i);
                if (loss > Double.NEGATIVE_INFINITY) {
                    losses.add(new Loss(i, loss));
                }
            }
        }
        losses.sort(Comparator.comparingDouble((Loss loss) -> -loss.loss).thenComparingInt(Loss::piece));
        int size = Math.max(near, (int) (SHRINK * pieces.size()));
        losses.stream().limit(Math.max(0, size - kept.size())).forEach(loss -> kept.add(pieces.get(loss.piece)));
        return kept;
    }

    /** How much less likely the text is when the next best way replaces a piece; minus infinity when that way is better already. */
    private static double loss(PieceLattice lattice, List<Piece> pieces, double[] used, double total, int piece) {
        byte[] bytes = pieces.get(piece).bytes;
        IntArrayList instead = new IntArrayList();
        if (lattice.best(bytes, 0, bytes.length, piece, instead) >= pieces.get(piece).score) {
            return Double.NEGATIVE_INFINITY;
        }
        double before = StrictMath.log(used[piece]) - StrictMath.log(total);
        double after = 0;
        double newTotal = StrictMath.log(total + used[piece] * (instead.size() - 1));
        for (int i = 0; i < instead.size(); i++) {
            after += StrictMath.log(used[instead.getInt(i)] + used[piece]) - newTotal;
        }
        return used[piece] / total * (before - after);
    }

    /** The required pieces and the likeliest others, likeliest first; bytes before all. */
    private static List<Piece> best(List<Piece> pieces, int room) {
        List<Piece> sorted = new ArrayList<>(pieces);
        sorted.sort(Comparator.comparing((Piece piece) -> !piece.required)
                .thenComparingDouble(piece -> -piece.score)
                .thenComparing(piece -> piece.bytes, Arrays::compareUnsigned));
        List<Piece> best = new ArrayList<>(sorted.subList(0, Math.min(room, sorted.size())));
        best.sort(Comparator.comparing((Piece piece) -> piece.bytes.length > 1)
                .thenComparingDouble(piece -> -piece.score)
                .thenComparing(piece -> piece.bytes, Arrays::compareUnsigned));
        return best;
    }

    private byte[] write(List<Piece> pieces) {
        VocabularyBuilder vocabulary = new VocabularyBuilder(config.pattern(), config.specials());
        JsonArray vocab = new JsonArray();
        config.specials()
                .forEach(special -> vocab.add(new JsonArray().add(special).add(0.0)));
        for (Piece piece : pieces) {
            String token = ByteAlphabet.encode(piece.bytes);
            vocabulary.add(token, piece.bytes.length);
            vocab.add(new JsonArray().add(token).add(piece.score));
        }
        JsonObject model = new JsonObject()
                .put("type", "Unigram")
                .put("unk_id", null)
                .put("vocab", vocab)
                .put("byte_fallback", false);
        String frame = TokenizerJson.write(vocabulary.model(new IntPairs(new IntArrayList())));
        JsonObject root = Json.parseObject("tokenizer.json", frame.getBytes(StandardCharsets.UTF_8), Integer.MAX_VALUE);
        return Json.pretty(root.put("model", model)).getBytes(StandardCharsets.UTF_8);
    }

    private static PieceTrie trie(List<Piece> pieces) {
        PieceTrie trie = new PieceTrie();
        for (int i = 0; i < pieces.size(); i++) {
            trie.put(pieces.get(i).bytes, i);
        }
        return trie;
    }

    private static double[] scores(List<Piece> pieces) {
        return pieces.stream().mapToDouble(piece -> piece.score).toArray();
    }

    /** The logarithmic derivative of the gamma function, by recurrence and its asymptotic series (Abramowitz and Stegun 6.3.18). */
    static double digamma(double x) {
        double result = 0;
        double at = x;
        for (; at < 7; at++) {
            result -= 1 / at;
        }
        at -= 0.5;
        double square = 1 / (at * at);
        return result
                + StrictMath.log(at)
                + square / 24
                - square * square * 7 / 960
                + square * square * square * 31 / 8064
                - square * square * square * square * 127 / 30720;
    }
}
