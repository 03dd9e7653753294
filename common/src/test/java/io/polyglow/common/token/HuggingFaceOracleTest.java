package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our ids against those of Hugging Face tokenizers (through DJL), both reading the same {@code tokenizer.json}. */
class HuggingFaceOracleTest {
    private static final ByteLevelBpe OURS = Tokenizers.multilingual();
    private static HuggingFaceTokenizer theirs;

    @BeforeAll
    static void load() throws IOException {
        System.setProperty("ai.djl.offline", "true");
        theirs = load(OURS);
    }

    @AfterAll
    static void unload() {
        theirs.close();
    }

    @Test
    void shouldGiveTheSameIdsWhenReadingTheDeclarationIn532Languages() throws IOException {
        Path udhr = Path.of(System.getProperty("polyglow.corpora"), "udhr");
        assumeTrue(Files.exists(udhr), udhr + " is not here");
        try (Stream<Path> files = Files.list(udhr)) {
            List<Path> declarations =
                    files.filter(f -> f.toString().endsWith(".html")).toList();
            assertThat(declarations).hasSize(532);
            for (Path file : declarations) {
                shouldGiveTheSameIds(Files.readString(file));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("nasty")
    void shouldGiveTheSameIdsWhenTheTextIsNasty(String text) {
        shouldGiveTheSameIds(text);
    }

    @Test
    void shouldGiveTheSameIdsWhenTheTextIsRandom() {
        Random random = new Random(7);
        for (int round = 0; round < 3000; round++) {
            shouldGiveTheSameIds(random(random, 1 + random.nextInt(60)));
        }
    }

    /** Between two spaces and an {@code a} the classes letter, number, space and other cut at four different places. */
    @Test
    void shouldCutAtTheSamePlacesWhenGivenAnyAssignedCodePoint() {
        // planes 4 to 13 are unassigned, 15 and 16 for private use
        int[] pages = IntStream.concat(IntStream.range(0, 0x40000 >> 6), IntStream.range(0xE0000 >> 6, 0xE1000 >> 6))
                .toArray();
        for (int page : pages) {
            StringBuilder text = new StringBuilder();
            for (int c = page << 6; c < (page + 1) << 6; c++) {
                if (c < 0xD800 || c > 0xDFFF) {
                    text.append(" a").appendCodePoint(c).append(" 1").appendCodePoint(c);
                }
            }
            assertThat(pieceEnds(text.toString()))
                    .as("U+%04X and on", page << 6)
                    .isEqualTo(wordEnds(text.toString()));
        }
    }

    @Test
    void shouldGiveTheSameIdsWhenTokensAreCharacters() throws IOException {
        String alphabet = "\n !'abcdefghijklmnopqrstuvwxyzABCÄÖÜßéжщ中文日本語\u0301👋🌍";
        ByteLevelBpe ours = Tokenizers.characters(alphabet);
        assertThat(ours.vocabSize()).isEqualTo(alphabet.codePointCount(0, alphabet.length()));
        shouldGiveTheSameIds(ours, alphabet);
    }

    @Test
    void shouldGiveTheSameIdsWhenCharactersFallBackToBytes() throws IOException {
        shouldGiveTheSameIds(Tokenizers.charactersAndBytes("abcé中👋"), "\n abcdéж中文👋🌍\u0085\u0301");
    }

    private static void shouldGiveTheSameIds(ByteLevelBpe ours, String alphabet) throws IOException {
        try (HuggingFaceTokenizer other = load(ours)) {
            Random random = new Random(3);
            int[] codePoints = alphabet.codePoints().toArray();
            for (int round = 0; round < 300; round++) {
                StringBuilder text = new StringBuilder();
                random.ints(50, 0, codePoints.length).forEach(i -> text.appendCodePoint(codePoints[i]));
                assertThat(ours.encode(text.toString())).isEqualTo(ids(other, text.toString()));
            }
        }
    }

    private static Stream<String> nasty() {
        return Stream.of(
                "",
                " ",
                "\n",
                "  ",
                "\r\n\r\n",
                "today\n \n",
                "today\n  \n",
                " \u00850",
                "\u0085\u00a0\u2028\u3000x",
                "Hello there       dear",
                "i⭢j",
                "don't DON'T we'll they've I'm you'd 's 't''s '",
                "0000000000000000000000000000000000",
                "१२३ ٤٥ Ⅷ ½ ²",
                "👍🏽👩‍👩‍👧‍👦🇩🇪",
                "e\u0301 é ﬁ Å",
                "ｶﾞ ㍿ ①",
                "\u0870\uD837\uDF00\uD87A\uDFF0\uD801\uDDC0\uD81B\uDD43\uD839\uDDD0\uD884\uDF50 \u0870",
                "\u0000\u0001\u001f\u007f",
                "\u200b\ufeff\u180e\u00ad",
                "\uffff\ufffe\ufffd\udbff\udfff",
                "நடிகர் சூர்யா",
                "ภาษาไทยไม่มีช่องว่าง",
                "^".repeat(10_000),
                "0".repeat(10_000),
                "a".repeat(10_000),
                "'s".repeat(10_000),
                " ".repeat(10_000),
                "\n".repeat(10_000),
                " \n\t ".repeat(3_000) + "end",
                "ab".repeat(20_000),
                "中".repeat(10_000),
                "the".repeat(10_000));
    }

    private static String random(Random random, int length) {
        String spice = "  \n\t''stmdrevl019.,-aeiou the of and ñéжह中ไ\u00a0\u3000\u0301👍";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            boolean common = random.nextInt(10) < 8;
            int codePoint = common ? spice.codePointAt(random.nextInt(spice.length() - 1)) : random.nextInt(0x11_0000);
            boolean surrogate = codePoint >= 0xD800 && codePoint <= 0xDFFF;
            text.appendCodePoint(surrogate ? 'x' : codePoint);
        }
        return text.toString();
    }

    private static void shouldGiveTheSameIds(String text) {
        assertThat(OURS.encode(text))
                .as(text.length() > 200 ? text.substring(0, 200) : text)
                .isEqualTo(ids(theirs, text));
    }

    private static HuggingFaceTokenizer load(ByteLevelBpe tokenizer) throws IOException {
        Map<String, String> options = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
        return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(tokenizer.json()), options);
    }

    private static int[] ids(HuggingFaceTokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, false, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    /** Number of tokens up to the end of each pre-token, as Hugging Face cuts. */
    private static int[] wordEnds(String text) {
        Encoding encoding = theirs.encode(text, false, false);
        long[] words = encoding.getWordIds();
        return IntStream.rangeClosed(1, words.length)
                .filter(i -> i == words.length || words[i] != words[i - 1])
                .toArray();
    }

    private static int[] pieceEnds(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();
        IntArrayList ends = new IntArrayList();
        for (int start = 0, end; start < utf8.length; start = end) {
            end = PreTokenPattern.GPT2.end(utf8, start, utf8.length);
            OURS.encode(utf8, start, end - start, ids);
            ends.addInt(ids.size());
        }
        return ends.toIntArray();
    }
}
