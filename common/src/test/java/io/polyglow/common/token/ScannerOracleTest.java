package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Where our scanners cut against where Hugging Face's regexes do (through DJL), both from the same {@code tokenizer.json} whose tokens are the bytes. */
class ScannerOracleTest {
    @BeforeAll
    static void stayOffline() {
        System.setProperty("ai.djl.offline", "true");
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHAR")
    void shouldCutAtTheSamePlacesWhenTheTextIsNasty(PreTokenPattern pattern) throws IOException {
        try (HuggingFaceTokenizer theirs = load(pattern)) {
            for (String text : NASTY) {
                shouldCutAlike(pattern, theirs, text);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHAR")
    void shouldCutAtTheSamePlacesWhenTheTextIsRandom(PreTokenPattern pattern) throws IOException {
        Random random = new Random(11);
        try (HuggingFaceTokenizer theirs = load(pattern)) {
            for (int round = 0; round < 500; round++) {
                shouldCutAlike(pattern, theirs, random(random, 1 + random.nextInt(40)));
            }
        }
    }

    /** The neighbours tell upper, lower and caseless letters, marks, numbers, spaces and others apart, and what folds to a letter of a contraction. */
    @Tag("nightly")
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHAR")
    void shouldCutAtTheSamePlacesWhenGivenAnyAssignedCodePoint(PreTokenPattern pattern) throws IOException {
        // planes 4 to 13 are unassigned, 15 and 16 for private use
        int[] pages = IntStream.concat(IntStream.range(0, 0x40000 >> 7), IntStream.range(0xE0000 >> 7, 0xE1000 >> 7))
                .toArray();
        try (HuggingFaceTokenizer theirs = load(pattern)) {
            for (int page : pages) {
                StringBuilder text = new StringBuilder();
                for (int c = page << 7; c < (page + 1) << 7; c++) {
                    if (c < 0xD800 || c > 0xDFFF) {
                        String it = Character.toString(c);
                        text.append(" a" + it + "A" + it + "a 1" + it + "'" + it + "! " + it + "B ");
                    }
                }
                shouldCutAlike(pattern, theirs, text.toString());
            }
        }
    }

    @Tag("nightly")
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHAR")
    void shouldCutAtTheSamePlacesWhenReadingTheDeclarationIn532Languages(PreTokenPattern pattern) throws IOException {
        Path udhr = Path.of(System.getProperty("polyglow.corpora"), "udhr");
        assumeTrue(Files.exists(udhr), udhr + " is not here");
        try (Stream<Path> files = Files.list(udhr);
                HuggingFaceTokenizer theirs = load(pattern)) {
            List<Path> declarations =
                    files.filter(f -> f.toString().endsWith(".html")).toList();
            assertThat(declarations).hasSize(532);
            for (Path file : declarations) {
                shouldCutAlike(pattern, theirs, Files.readString(file));
            }
        }
    }

    private static final List<String> NASTY = List.of(
            "",
            " ",
            "\n",
            "  ",
            "\r\n\r\n",
            "today\n \n",
            "today\n  \n",
            "today\n  ",
            "today\n  \n x",
            " \u00850",
            "\u0085\u00a0\u2028\u3000x",
            "Hello there       dear",
            "don't DON'T we'LL They'Ve I'm you'D 's 't''s ' 'ſ 'S'K x'ſy",
            "HelloWorld HTTPServer iPhone XMLHttp McDonald ÉcoleÉ ǅungla ǅǅ aǅ",
            "ABCdefGHI ABC中DEF中文abc AB\u0301CD \u0301AB \u0301's !\u0301a ((word (word\t\tword\tword",
            "a/b//c !/\n/\r\n// x/\n",
            "1234567890 12 １２３４ ½²Ⅷ",
            "१२३ ٤٥ Ⅷ ½ ²",
            "👍🏽👩‍👩‍👧‍👦🇩🇪",
            "e\u0301 é ﬁ Å ʰa Aʰ ªº",
            "\u0870\uD837\uDF00\uD87A\uDFF0\uD801\uDDC0\uD81B\uDD43\uD839\uDDD0\uD884\uDF50 \u0870",
            "\u0000\u0001\u001f\u007f",
            "\u200b\ufeff\u180e\u00ad",
            "நடிகர் சூர்யா",
            "ภาษาไทยไม่มีช่องว่าง",
            "^".repeat(500),
            "0".repeat(500),
            "A".repeat(500),
            "'s".repeat(500),
            "A中".repeat(200) + "A".repeat(200),
            "\n \t".repeat(300) + "end",
            " 1".repeat(200) + "  1   1");

    private static String random(Random random, int length) {
        return RandomText.of(
                random,
                length,
                "  \n\r\t''sStTmdrREvVlL019.,/-aeiouABC ñéÉжЖह中ไ\u00a0\u3000\u0301\u0903ǅʰ½ſ",
                0x11_0000);
    }

    private static HuggingFaceTokenizer load(PreTokenPattern pattern) throws IOException {
        Map<String, String> options = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(Tokenizers.bytes(pattern).json()), options);
    }

    private static void shouldCutAlike(PreTokenPattern pattern, HuggingFaceTokenizer theirs, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int[] expected = wordEnds(theirs, text);
        assertThat(expected.length == 0 ? 0 : expected[expected.length - 1]).isEqualTo(utf8.length);
        assertThat(pieceEnds(pattern, utf8)).as(text).isEqualTo(expected);
    }

    /** A token is a byte, so the number of tokens before a border is its place. */
    private static int[] wordEnds(HuggingFaceTokenizer theirs, String text) {
        long[] words = theirs.encode(text, false, false).getWordIds();
        return IntStream.rangeClosed(1, words.length)
                .filter(i -> i == words.length || words[i] != words[i - 1])
                .toArray();
    }

    private static int[] pieceEnds(PreTokenPattern pattern, byte[] utf8) {
        IntArrayList ends = new IntArrayList();
        int[] batch = new int[7];
        for (int start = 0; start < utf8.length; ) {
            int count = pattern.scan(utf8, start, utf8.length, batch);
            for (int i = 0; i < count; i++) {
                if (pattern.end(utf8, start, utf8.length) != batch[i]) {
                    throw new AssertionError("scan and end differ at " + start);
                }
                start = batch[i];
                ends.addInt(start);
            }
        }
        return ends.toIntArray();
    }
}
