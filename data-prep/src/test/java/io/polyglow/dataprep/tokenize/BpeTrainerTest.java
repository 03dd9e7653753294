package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteAlphabet;
import io.polyglow.common.token.PeerFiles;
import io.polyglow.common.token.PreTokenPattern;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
        List<String> learned = learn(corpus("tiny-shakespeare.txt"), vocabSize);
        assertThat(learned).hasSize(merges);
        assertThat(sha256(learned)).isEqualTo(sha256);
    }

    /** sentencepiece's books, in which it matters that pre-tokens are counted line by line; benchmarks/results tells that the lists equalled those of Hugging Face tokenizers 0.23.2. */
    @ParameterizedTest
    @CsvSource({
        "botchan.txt, 464bd5300c24, 512, 207a07f4d22d51cb123f27d9edab5a567f39c746cf9c705b0739f9eec8693848",
        "botchan.txt, 464bd5300c24, 1000, e95f924777a3d9f6cb0419c45b8541428b6485bdfc6a85aac2d54daaa2dbb85c",
        "botchan.txt, 464bd5300c24, 4096, 26d6c3fc27321dfc2a31c921814437e7d5c9eb5a7f60c30277a3a36778211cad",
        "wagahaiwa_nekodearu.txt, c2f778906046, 512, 5782470c17a16c651a2eb69b0390ac16d38b2de65bc08639efe7ba447cd8c965",
        "wagahaiwa_nekodearu.txt, c2f778906046, 1000, 41ef5f57b377452b1fb9871d48109d7f9dce2f5502de946fc3581ef6c9fabd7e",
        "wagahaiwa_nekodearu.txt, c2f778906046, 4096, c5953249efeabf5f1b9c7d98bbba13a9ca6f615996ce794413f8d6f7101c3ed8",
    })
    void shouldLearnTheMergesOfHuggingFaceWhenLinesMatter(String book, String bookSha256, int vocabSize, String sha256)
            throws Exception {
        byte[] text = PeerFiles.read("google/sentencepiece/data/" + book, bookSha256);
        List<String> learned = learn(text, vocabSize);
        assertThat(sha256(learned)).isEqualTo(sha256);
    }

    private static List<String> learn(byte[] text, int vocabSize) {
        PreTokenCounter counter = new PreTokenCounter(PreTokenPattern.GPT2);
        counter.add(text, 0, text.length);
        BpeTrainer trainer =
                new BpeTrainer(BpeTrainerConfig.of(PreTokenPattern.GPT2, vocabSize, List.of("<|endoftext|>")));
        counter.drainTo(trainer);
        return merges(trainer.train());
    }

    private static String sha256(List<String> merges) {
        return PeerFiles.sha256(String.join("\n", merges).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldLearnKnownMergesWhenPairsBelowTheMinimumAreLeft() {
        BpeModel model = train(ROSES, 30_000, 2, UNLIMITED);
        assertThat(merges(model)).containsExactly("r e", "a re", "i s");
    }

    /** The ASCII words of Hugging Face's {@code bpe_test_max_token_length_direct_assert}: a bound of two lets pairs of letters through, and nothing beside a merge. */
    @Test
    void shouldMergeOnlyLettersWhenTokensHaveLessThanThree() {
        Map<String, Long> words = new TreeMap<>();
        List.of("sin", "Sin", "Lon", "Ano", "so", "GP").forEach(word -> words.put(word, 2L));
        assertThat(merges(train(words, 30_000, 0, 2))).containsExactly("i n", "A n", "G P", "L o", "s o");
    }

    /** The words of Hugging Face's {@code bpe_test_max_token_length_16}; there a character counts, here a byte. */
    @Test
    void shouldMakeNoTokenOfMoreBytesThanTheBound() {
        Map<String, Long> words = new TreeMap<>();
        List.of(
                        "singlelongtokenwithoutcasechange",
                        "singleLongTokenWithCamelCaseChange",
                        "Longsingletokenwithpunctu@t!onwithin",
                        "Anotherlongsingletokenwithnumberw1th1n",
                        "짧은한글문자열짧은한",
                        "긴한글문자열긴한글문자열긴한글문",
                        "短字符串短字符串短字",
                        "长字符串长字符串长字符串长字符串",
                        "短い文字列短い文字列",
                        "長い文字列長い文字列長い文字列長",
                        "so",
                        "GPT-2")
                .forEach(word -> words.put(word, 2L));
        List<String> vocabulary = train(words, 30_000, 0, 16).vocabulary();
        assertThat(vocabulary).allMatch(token -> token.length() <= 16).anyMatch(token -> token.length() == 15);
        assertThat(train(words, 30_000, 0, UNLIMITED).vocabulary()).contains("singlelongtokenwithoutcasechange");
    }

    /**
     * sentencepiece's {@code bpe_model_trainer_test.cc}: {@code ab ra abra ad cad abracad abracadabra ac br}, then letters. The first seven are the merges; {@code ac} and {@code br} are pairs
     * of the first count that no longer occur, which sentencepiece goes on to take. Its other cases break ties by the shorter, then the smaller piece, and Hugging Face's rule is by ids.
     */
    @Test
    void shouldMergeAbracadabraAsSentencePieceDoes() {
        BpeModel model = train(Map.of("abracadabra", 1L), 30_000, 0, UNLIMITED);
        assertThat(model.vocabulary().subList(256, model.vocabulary().size()))
                .containsExactly("ab", "ra", "abra", "ad", "cad", "abracad", "abracadabra");
        assertThat(train(Map.of("pen", 1L, "pineapple", 1L, "apple", 1L), 259, 0, UNLIMITED)
                        .vocabulary())
                .endsWith("ap", "le", "ple");
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
        Path file = Path.of(System.getProperty("polyglow.corpora"), name);
        assumeTrue(Files.exists(file), file + " is not here");
        return Files.readAllBytes(file);
    }
}
