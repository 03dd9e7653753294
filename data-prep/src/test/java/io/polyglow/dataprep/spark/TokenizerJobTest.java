package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.dataprep.tokenize.TokenizerConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerJobTest {
    private static final Path SHAKESPEARE = Path.of(System.getProperty("polyglow.corpora"), "tiny-shakespeare.txt");

    @Test
    void shouldLearnTheGoldenMergesOfTinyShakespeareHoweverTheFileIsCut() throws Exception {
        assumeTrue(Files.exists(SHAKESPEARE), "tiny Shakespeare is not there");
        SparkSession spark = LocalSpark.session();
        spark.conf().set("spark.sql.files.maxPartitionBytes", "300000");

        Tokenizer tokenizer = TokenizerJob.run(
                        spark,
                        List.of(SHAKESPEARE.toString()),
                        TokenizerConfig.of(PreTokenPattern.GPT2, 512, true),
                        ProgressListener.SILENT)
                .tokenizer();

        List<String> merges = merges(tokenizer);
        assertThat(merges).hasSize(255);
        byte[] hash = MessageDigest.getInstance("SHA-256")
                .digest(String.join("\n", merges).getBytes(StandardCharsets.UTF_8));
        assertThat(HexFormat.of().formatHex(hash))
                .isEqualTo("08dc9127302db2fe98043815c4d89c263463db4ceea9cdfcb899c71e1f283a59");
    }

    @Test
    void shouldLearnCharactersOfRawFiles(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("any-name");
        Files.writeString(file, "añb\r\nñ");

        Tokenizer tokenizer = TokenizerJob.run(
                        LocalSpark.session(),
                        List.of(file.toString()),
                        TokenizerConfig.of(PreTokenPattern.CHAR, 1, false),
                        ProgressListener.SILENT)
                .tokenizer();

        // <|endoftext|> \n \r a b ñ
        assertThat(tokenizer.vocabSize()).isEqualTo(6);
        assertThat(tokenizer.encode("ñ\r\n")).containsExactly(5, 2, 1);
    }

    @Test
    void shouldLetASmallLanguageDecideWhenLanguagesAreWeighted() {
        List<TrainingText> texts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            texts.add(text("en", "alpha beta gamma delta alpha beta"));
        }
        texts.add(text("sw", "qoqo qoqo"));
        TokenizerConfig plain = config("vocab-size=262", "model=bpe");
        TokenizerConfig even = config("vocab-size=262", "language-alpha=0");
        TokenizerConfig explicit = config("vocab-size=262", "language-weights.sw=1000");

        assertThat(merges(train(texts, plain, 1))).noneMatch(merge -> merge.contains("q"));
        assertThat(merges(train(texts, even, 1))).anyMatch(merge -> merge.contains("q"));
        assertThat(train(texts, even, 5).sha256())
                .isEqualTo(train(texts, even, 1).sha256());
        assertThat(merges(train(texts, explicit, 2)).get(0)).isEqualTo("q o");
    }

    @Test
    void shouldLearnTheSameUnigramModelHoweverTheTextIsCut() {
        List<TrainingText> texts = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            texts.add(text("en", "the number " + i * 7919 % 1000 + " is lower than the highest 日本語"));
        }
        TokenizerConfig config = config("vocab-size=320", "model=unigram");
        assertThat(train(texts, config, 1).json())
                .isEqualTo(train(texts, config, 7).json());
    }

    @Test
    void shouldLeaveOutTheRarestPreTokensWhenThereAreTooMany() {
        List<TrainingText> texts = new ArrayList<>();
        for (int i = 0; i < 1500; i++) {
            texts.add(text(
                    "en",
                    "w" + Integer.toString(i, 26).replaceAll("[0-9]", "x") + i + (i < 800 ? " twice twice" : "")));
            texts.add(text("en", " " + (char) ('a' + i % 26) + (char) ('a' + i / 26 % 26)));
        }
        TrainedTokenizer trained = TokenizerJob.train(
                LocalSpark.session(), rdd(texts, 3), config("vocab-size=300", "max-pre-tokens=1000"));
        assertThat(trained.report().preTokens()).isGreaterThan(1000);
        assertThat(trained.report().leastCount())
                .as("a sample of those seen once")
                .isEqualTo(1);
        assertThat(trained.report().preTokens() - trained.report().dropped()).isBetween(900L, 1100L);
    }

    @Test
    void shouldLearnFromASampleOfEquallyRarePreTokensForAnyPartitioning() {
        List<TrainingText> texts = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            texts.add(text("en", String.valueOf(100_000 + i)));
        }
        TokenizerConfig config = config("vocab-size=300", "max-pre-tokens=1000");

        TrainedTokenizer trained = TokenizerJob.train(LocalSpark.session(), rdd(texts, 2), config);

        assertThat(trained.report().preTokens() - trained.report().dropped()).isBetween(900L, 1100L);
        assertThat(trained.tokenizer().sha256())
                .isEqualTo(TokenizerJob.train(LocalSpark.session(), rdd(texts, 7), config)
                        .tokenizer()
                        .sha256());
    }

    @Test
    void shouldBoundTheBytesOfPreTokensOfALanguageWithoutSpaces() {
        List<TrainingText> texts = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            String sentence = "\u3053\u3068\u3070".repeat(20) + (char) ('\u4e00' + i);
            texts.add(text("ja", sentence));
        }

        TrainedTokenizer trained = TokenizerJob.train(
                LocalSpark.session(), rdd(texts, 3), config("vocab-size=300", "max-pre-tokens=1000"));

        assertThat(trained.report().preTokens()).isEqualTo(400);
        assertThat(trained.report().preTokens() - trained.report().dropped())
                .as("8,000 bytes, 183 for each")
                .isBetween(20L, 70L);
    }

    /** 3 x 10^9 occurrences of a pair: more than 32 bits hold (huggingface/tokenizers issue 2058). */
    @Test
    void shouldMergeTheHeavyPairFirstWhenItsCountExceeds32Bits() {
        List<TrainingText> texts = new ArrayList<>();
        texts.add(text("xx", "qz ".repeat(12_000)));
        texts.add(text("yy", "ab ".repeat(100_000)));
        TokenizerConfig config = config("vocab-size=258", "language-weights.xx=1000", "language-weights.yy=100");
        assertThat(merges(train(texts, config, 2)).get(0)).isEqualTo("q z");
    }

    private static TrainingText text(String language, String text) {
        return new TrainingText(language, text.getBytes(StandardCharsets.UTF_8));
    }

    private static TokenizerConfig config(String... settings) {
        return ConfigFile.load(TokenizerConfig.class, "test", "", List.of(settings))
                .value();
    }

    private static JavaRDD<TrainingText> rdd(List<TrainingText> texts, int partitions) {
        return new JavaSparkContext(LocalSpark.session().sparkContext()).parallelize(texts, partitions);
    }

    private static Tokenizer train(List<TrainingText> texts, TokenizerConfig config, int partitions) {
        return TokenizerJob.train(LocalSpark.session(), rdd(texts, partitions), config)
                .tokenizer();
    }

    /** "left right" of every merge, whichever of the two notations the file uses. */
    private static List<String> merges(Tokenizer tokenizer) {
        JsonArray merges = Json.parseObject("tokenizer.json", tokenizer.json(), 64 << 20)
                .getObject("model")
                .getArray("merges");
        List<String> result = new ArrayList<>();
        for (int i = 0; i < merges.size(); i++) {
            result.add(
                    merges.get(i) instanceof JsonArray pair
                            ? pair.get(0) + " " + pair.get(1)
                            : String.valueOf(merges.get(i)));
        }
        return result;
    }
}
