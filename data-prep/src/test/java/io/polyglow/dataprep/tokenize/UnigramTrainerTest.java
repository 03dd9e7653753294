package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.PieceTrie;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Test;

class UnigramTrainerTest {
    private static final String TEXT =
            "the lower the newer the lowest the newest die niedrigste die neueste höchste höhere höhe 日本語 日本 日本人 語";

    @Test
    void shouldFindTheStemsOfItsText() throws IOException {
        Tokenizer tokenizer = read(train(table(TEXT.repeat(50)), 300));
        assertThat(tokenizer.vocabSize()).isLessThanOrEqualTo(300);
        assertThat(tokenizer.encode(TEXT).length).isLessThan(TEXT.length() / 2);
        int[] ids = tokenizer.encode(" the 日本");
        assertThat(ids).hasSizeLessThanOrEqualTo(3);
        assertThat(tokenizer.endOfTextId()).isZero();
    }

    @Test
    void shouldGiveBackAnyBytes() throws IOException {
        Tokenizer tokenizer = read(train(table(TEXT), 280));
        Random random = new Random(2);
        for (int round = 0; round < 200; round++) {
            byte[] bytes = new byte[random.nextInt(50)];
            random.nextBytes(bytes);
            IntArrayList ids = new IntArrayList();
            tokenizer.encode(bytes, 0, bytes.length, ids);
            assertThat(tokenizer.decode(ids.toIntArray(), 0, ids.size())).isEqualTo(bytes);
        }
    }

    @Test
    void shouldLearnTheSameWhateverTheOrderOfTheTable() {
        List<Map.Entry<String, Long>> rows =
                new ArrayList<>(table(TEXT.repeat(3)).entrySet());
        byte[] expected = train(rows, 320);
        Collections.shuffle(rows, new Random(4));
        List<Map.Entry<String, Long>> split = new ArrayList<>();
        rows.forEach(row -> {
            split.add(Map.entry(row.getKey(), row.getValue() - 1));
            split.add(Map.entry(row.getKey(), 1L));
        });
        assertThat(train(split, 320)).isEqualTo(expected);
    }

    @Test
    void shouldFillTheVocabularyWithWholeCharactersAndAllBytes() {
        JsonObject model =
                Json.parseObject("t", train(table(TEXT.repeat(20)), 330)).getObject("model");
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < model.getArray("vocab").size(); i++) {
            tokens.add(model.getArray("vocab").getArray(i).getString(0));
        }
        assertThat(tokens).doesNotHaveDuplicates().startsWith("<|endoftext|>");
        assertThat(tokens.subList(1, 257)).allMatch(token -> token.length() == 1);
        assertThat(tokens).contains("æĹ¥", "Ã¶").anyMatch(token -> token.endsWith("the"));
    }

    @Test
    void shouldRefuseCharactersAsPreTokens() {
        TokenizerConfig config = config(300, PreTokenPattern.CHAR);
        assertThatThrownBy(() -> new UnigramTrainer(config))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("pattern char");
    }

    /** Against the sum over all ways, written out. */
    @Test
    void shouldExpectWhatAllWaysTogetherExpect() {
        Map<String, Double> pieces = Map.of("a", -2.0, "b", -2.5, "ab", -1.0, "ba", -1.5, "aba", -0.5);
        List<String> names = List.copyOf(pieces.keySet());
        PieceTrie trie = new PieceTrie();
        double[] scores = new double[names.size()];
        for (int i = 0; i < scores.length; i++) {
            trie.put(names.get(i).getBytes(StandardCharsets.UTF_8), i);
            scores[i] = pieces.getOrDefault(names.get(i), 0.0);
        }
        byte[] word = "abaab".getBytes(StandardCharsets.UTF_8);
        double[] counts = new double[scores.length];
        double logLikelihood = new PieceLattice(trie, scores).expect(word, 0, word.length, 3, counts);

        List<List<Integer>> ways = new ArrayList<>();
        ways("abaab", names, new ArrayList<>(), ways);
        double[] expected = new double[scores.length];
        double total = 0;
        for (List<Integer> way : ways) {
            total += Math.exp(way.stream().mapToDouble(i -> scores[i]).sum());
        }
        for (List<Integer> way : ways) {
            double probability =
                    Math.exp(way.stream().mapToDouble(i -> scores[i]).sum()) / total;
            way.forEach(i -> expected[i] += 3 * probability);
        }
        assertThat(ways).hasSizeGreaterThan(5);
        assertThat(logLikelihood).isCloseTo(Math.log(total), within(1e-12));
        assertThat(counts).containsExactly(expected, within(1e-12));
    }

    private static void ways(String rest, List<String> names, List<Integer> way, List<List<Integer>> ways) {
        if (rest.isEmpty()) {
            ways.add(List.copyOf(way));
        }
        for (int i = 0; i < names.size(); i++) {
            if (rest.startsWith(names.get(i))) {
                way.add(i);
                ways(rest.substring(names.get(i).length()), names, way, ways);
                way.remove(way.size() - 1);
            }
        }
    }

    /** Against all substrings, counted one by one. */
    @Test
    void shouldSeedWithTheSubstringsThatRecurAndBranch() {
        Random random = new Random(6);
        Map<String, Long> table = new HashMap<>();
        for (int i = 0; i < 60; i++) {
            StringBuilder word = new StringBuilder();
            random.ints(1 + random.nextInt(9), 0, 3).forEach(c -> word.append("aé日".charAt(c)));
            table.merge(word.toString(), 1L + random.nextInt(3), Long::sum);
        }
        Map<String, Long> counts = new HashMap<>();
        Map<String, Integer> places = new HashMap<>();
        Map<String, Set<String>> next = new HashMap<>();
        table.forEach((word, count) -> {
            for (int i = 0; i < word.length(); i++) {
                for (int j = i + 1; j <= Math.min(word.length(), i + 4); j++) {
                    String piece = word.substring(i, j);
                    counts.merge(piece, count, Long::sum);
                    places.merge(piece, 1, Integer::sum);
                    // the end of a word follows nothing else, so two ends differ
                    next.computeIfAbsent(piece, key -> new HashSet<>())
                            .add(j == word.length() ? word + i : firstByte(word.substring(j)));
                }
            }
        });
        TrainingTable.Builder builder = new TrainingTable.Builder();
        table.forEach((word, count) -> builder.add(word.getBytes(StandardCharsets.UTF_8), count));
        Map<String, Long> seeds = new HashMap<>();
        SeedPieces.of(builder.build(), 4, 100, 1000)
                .forEach(seed -> seeds.put(new String(seed.piece, StandardCharsets.UTF_8), seed.count));
        counts.keySet()
                .removeIf(piece -> piece.length() > 1
                        && (places.getOrDefault(piece, 0) < 2
                                || next.getOrDefault(piece, Set.of()).size() < 2));
        assertThat(seeds).isEqualTo(counts);
    }

    private static String firstByte(String text) {
        return String.valueOf(text.getBytes(StandardCharsets.UTF_8)[0]);
    }

    private static Map<String, Long> table(String text) {
        Map<String, Long> counts = new HashMap<>();
        PreTokenCounter counter = new PreTokenCounter(PreTokenPattern.GPT2);
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        counter.add(utf8, 0, utf8.length);
        counter.drainTo((word, count) -> counts.put(new String(word, StandardCharsets.UTF_8), count));
        return counts;
    }

    private static byte[] train(Map<String, Long> table, int vocabSize) {
        return train(List.copyOf(table.entrySet()), vocabSize);
    }

    private static byte[] train(List<Map.Entry<String, Long>> rows, int vocabSize) {
        UnigramTrainer trainer = new UnigramTrainer(config(vocabSize, PreTokenPattern.GPT2));
        rows.forEach(row -> trainer.add(row.getKey().getBytes(StandardCharsets.UTF_8), row.getValue()));
        return trainer.train();
    }

    private static TokenizerConfig config(int vocabSize, PreTokenPattern pattern) {
        return new TokenizerConfig(
                null,
                TokenizerConfig.Model.UNIGRAM,
                vocabSize,
                pattern,
                true,
                0,
                null,
                List.of(),
                1,
                Map.of(),
                5_000_000,
                null,
                null,
                List.of());
    }

    private static Tokenizer read(byte[] json) throws IOException {
        return TokenizerFile.parse("unigram.json", new ByteArrayInputStream(json));
    }
}
