package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteAlphabet;
import io.polyglow.common.token.PreTokenPattern;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BpeTrainerTest {
    private static final int UNLIMITED = Integer.MAX_VALUE;

    /** {@code roses are red ...}, counted: the table of Hugging Face's own trainer test. */
    private static final Map<String, Long> ROSES = Map.ofEntries(
            Map.entry("roses", 1L),
            Map.entry("are", 2L),
            Map.entry("red", 1L),
            Map.entry("voilets", 1L),
            Map.entry("blue", 1L),
            Map.entry("BERT", 1L),
            Map.entry("is", 2L),
            Map.entry("big", 1L),
            Map.entry("and", 1L),
            Map.entry("so", 1L),
            Map.entry("GPT-2", 1L));

    /** Merges of Hugging Face tokenizers 0.23.2 on the same file and settings. */
    @ParameterizedTest
    @CsvSource({
        "512, 255, 08dc9127302db2fe98043815c4d89c263463db4ceea9cdfcb899c71e1f283a59",
        "1000, 743, d4fe1dcd904e68a397942b3f06395bf6c7399293eb0477a6a7a8a8de1c807344",
        "4096, 3839, 4e3f9d960fc8b2eb73950f8768275e3f1b9dbdd8fc05cfa95f4f91cefdef9a96"
    })
    void shouldLearnTheMergesOfHuggingFaceWhenGivenShakespeare(int vocabSize, int merges, String sha256)
            throws Exception {
        byte[] text = corpus("tiny-shakespeare.txt");
        PreTokenCounter counter = new PreTokenCounter(PreTokenPattern.GPT2);
        counter.add(text, 0, text.length);
        BpeTrainer trainer =
                new BpeTrainer(BpeTrainerConfig.of(PreTokenPattern.GPT2, vocabSize, List.of("<|endoftext|>")));
        counter.drainTo(trainer);
        List<String> learned = merges(trainer.train());
        assertThat(learned).hasSize(merges);
        byte[] joined = String.join("\n", learned).getBytes(StandardCharsets.UTF_8);
        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(joined)))
                .isEqualTo(sha256);
    }

    @Test
    void shouldLearnKnownMergesWhenPairsBelowTheMinimumAreLeft() {
        BpeModel model = train(ROSES, 30_000, 2, UNLIMITED);
        assertThat(merges(model)).containsExactly("r e", "a re", "i s");
    }

    @Test
    void shouldMergeTheHeavyWordFirstWhenItsCountExceeds32Bits() {
        Map<String, Long> table = Map.of("xy", 3_000_000_000L, "ab", 2_000_000_000L, "cd", 5_000_000_000_000L);
        assertThat(merges(train(table, 300, 0, UNLIMITED))).containsExactly("c d", "x y", "a b");
    }

    @Test
    void shouldPutSpecialsThenBytesThenMergesWhenIdsAreGiven() {
        BpeTrainer trainer =
                new BpeTrainer(BpeTrainerConfig.of(PreTokenPattern.GPT2, 300, List.of("<|endoftext|>", "<|pad|>")));
        trainer.add(new byte[] {'a', 'b'}, 1);
        BpeModel model = trainer.train();
        assertThat(model.vocabulary())
                .hasSize(2 + 256 + 1)
                .startsWith("<|endoftext|>", "<|pad|>", "!", "\"")
                .endsWith("ŀ", "Ł", "ł", "Ń", "ab");
        assertThat(model.addedTokens()).extracting("id").containsExactly(0, 1);
    }

    @Test
    void shouldRefuseWhenTheVocabularyCannotHoldTheBytes() {
        assertThatThrownBy(
                        () -> new BpeTrainer(BpeTrainerConfig.of(PreTokenPattern.GPT2, 256, List.of("<|endoftext|>"))))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("need 257");
    }

    @Test
    void shouldRefuseASpecialTokenThatTextCouldForge() {
        assertThatThrownBy(() -> new BpeTrainer(BpeTrainerConfig.of(PreTokenPattern.GPT2, 512, List.of("endoftext"))))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("endoftext");
    }

    /** Two letters only: overlaps, and merges that make a token which exists, are frequent. */
    @Property(tries = 400)
    void shouldEqualTheNaiveTrainerWhenWordsOverlapThemselves(
            @ForAll("table") Map<String, Long> table, @ForAll("limits") int maxTokenBytes) {
        List<String> expected = new NaiveBpeTrainer(alphabet(), table, maxTokenBytes).train(256 + 40, 2);
        assertThat(merges(train(table, 256 + 40, 2, maxTokenBytes))).isEqualTo(expected);
    }

    @Test
    void shouldEqualTheNaiveTrainerWhenGivenEveryTableOfOneWordUpToTenLetters() {
        for (int length = 1; length <= 10; length++) {
            for (int bits = 0; bits < 1 << length; bits++) {
                String word = Integer.toBinaryString(1 << length | bits)
                        .substring(1)
                        .replace('0', 'a')
                        .replace('1', 'b');
                Map<String, Long> table = Map.of(word, 1L);
                List<String> expected = new NaiveBpeTrainer(alphabet(), table, UNLIMITED).train(300, 0);
                assertThat(merges(train(table, 300, 0, UNLIMITED))).as(word).isEqualTo(expected);
            }
        }
    }

    @Test
    void shouldStayLinearWhenAPreTokenHasMegabytes() {
        BpeTrainer trainer = new BpeTrainer(BpeTrainerConfig.of(PreTokenPattern.GPT2, 20_000, List.of()));
        byte[] giant = new byte[3_000_000];
        int state = 1;
        for (int i = 0; i < giant.length; i++) {
            state = state * 1_103_515_245 + 12_345;
            giant[i] = (byte) ('a' + (state >>> 28));
        }
        trainer.add(giant, 1);
        assertThat(trainer.train().merges().size()).isGreaterThan(10_000);
    }

    @Provide
    Arbitrary<Map<String, Long>> table() {
        Arbitrary<String> words =
                Arbitraries.strings().withChars('a', 'b').ofMinLength(1).ofMaxLength(24);
        return Arbitraries.maps(words, Arbitraries.longs().between(1, 4))
                .ofMinSize(1)
                .ofMaxSize(12);
    }

    @Provide
    Arbitrary<Integer> limits() {
        return Arbitraries.of(UNLIMITED, 2, 3, 5, 8);
    }

    private static BpeModel train(Map<String, Long> table, int vocabSize, long minFrequency, int maxTokenBytes) {
        BpeTrainer trainer = new BpeTrainer(
                new BpeTrainerConfig(PreTokenPattern.GPT2, vocabSize, minFrequency, maxTokenBytes, List.of()));
        new TreeMap<>(table).forEach((word, count) -> trainer.add(word.getBytes(StandardCharsets.UTF_8), count));
        return trainer.train();
    }

    private static List<String> merges(BpeModel model) {
        List<String> merges = new ArrayList<>();
        for (int i = 0; i < model.merges().size(); i++) {
            merges.add(model.vocabulary().get(model.merges().left(i)) + " "
                    + model.vocabulary().get(model.merges().right(i)));
        }
        return merges;
    }

    private static List<String> alphabet() {
        return Arrays.stream(ByteAlphabet.bytesInIdOrder())
                .mapToObj(b -> ByteAlphabet.encode(new byte[] {(byte) b}))
                .toList();
    }

    static byte[] corpus(String name) throws IOException {
        Path file = Path.of(System.getProperty("polyglow.root"), "..", "shared", "corpora", name);
        assumeTrue(Files.exists(file), file + " is not here");
        return Files.readAllBytes(file);
    }
}
