package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids and places of cuts against Hugging Face's library (through DJL), for the pre-tokenizers that no scanner of ours knows. */
class PreTokenStepsOracleTest {
    private static final String BYTES =
            "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}";
    private static final String GPT2 =
            "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}";

    /** Of 532 declarations: their library takes a second for a few. */
    private static final int EVERY = 20;

    @BeforeAll
    static void stayOffline() {
        System.setProperty("ai.djl.offline", "true");
    }

    static Stream<Arguments> preTokenizers() {
        return Stream.of(ofModels(), steps(), expressions()).flatMap(each -> each);
    }

    private static Stream<Arguments> ofModels() {
        return Stream.of(
                Arguments.of("BLOOM", sequence(regex(" ?[^(\\s|[.,!?…。，、।۔،])]+"), BYTES)),
                Arguments.of(
                        "Falcon",
                        sequence(
                                "{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}",
                                GPT2,
                                digits(false),
                                regex("[0-9][0-9][0-9]"))),
                Arguments.of(
                        "DeepSeek-V3",
                        sequence(
                                regex("\\p{N}{1,3}"),
                                regex("[一-龥぀-ゟ゠-ヿ]+"),
                                regex("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r"
                                        + "\\n"
                                        + "\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r"
                                        + "\\n"
                                        + "]*|\\s*[\\r"
                                        + "\\n"
                                        + "]+|\\s+(?!\\S)|\\s+"),
                                BYTES)),
                Arguments.of(
                        "DeepSeek-Coder",
                        sequence(
                                regex("[\\r\\n]"),
                                regex("\\s?\\p{L}+"),
                                regex("\\s?\\p{P}+"),
                                regex("[一-龥ࠀ-一가-퟿]+"),
                                digits(true),
                                BYTES)));
    }

    private static Stream<Arguments> steps() {
        return Stream.of(
                Arguments.of(
                        "a space before",
                        "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}"),
                Arguments.of("a space before, alone", BYTES.replace("space\":false", "space\":true")),
                Arguments.of(
                        "a space before every piece",
                        sequence(regex("\\d+"), GPT2.replace("space\":false", "space\":true"))),
                Arguments.of("one piece", BYTES),
                Arguments.of("Whitespace", sequence("{\"type\":\"Whitespace\"}", BYTES)),
                Arguments.of("WhitespaceSplit", sequence("{\"type\":\"WhitespaceSplit\"}", BYTES)),
                Arguments.of("numbers joined", sequence(digits(false), GPT2)),
                Arguments.of("numbers after bytes", sequence(GPT2, digits(true))),
                Arguments.of("Isolated", sequence(split("\\s+", "Isolated", false), BYTES)),
                Arguments.of("Removed", sequence(split("\\s+", "Removed", false), BYTES)),
                Arguments.of("Removed, inverted", sequence(split("\\w+", "Removed", true), BYTES)),
                Arguments.of("MergedWithPrevious", sequence(split("\\s", "MergedWithPrevious", false), BYTES)),
                Arguments.of("MergedWithNext", sequence(split("\\s", "MergedWithNext", false), BYTES)),
                Arguments.of("MergedWithNext, inverted", sequence(split("\\s", "MergedWithNext", true), BYTES)),
                Arguments.of("Contiguous", sequence(split("[aeiou]", "Contiguous", false), BYTES)),
                Arguments.of(
                        "a known regex, removed",
                        sequence(
                                split(PreTokenPattern.TEKKEN.regex(), "Removed", true),
                                split("\\d", "Removed", false),
                                BYTES)),
                Arguments.of(
                        "Punctuation joined to what is before",
                        sequence("{\"type\":\"Punctuation\",\"behavior\":\"MergedWithPrevious\"}", BYTES)),
                Arguments.of(
                        "a string",
                        sequence(
                                "{\"type\":\"Split\",\"pattern\":{\"String\":\""
                                        + " a\"},\"behavior\":\"MergedWithNext\",\"invert\":false}",
                                BYTES)),
                Arguments.of(
                        "a string of signs",
                        sequence(
                                "{\"type\":\"Split\",\"pattern\":{\"String\":\".(\"},\"behavior\":\"Isolated\",\"invert\":false}",
                                BYTES)));
    }

    private static Stream<Arguments> expressions() {
        return Stream.of(
                Arguments.of("line ends", sequence(regex("^.|.$|\\s++$"), BYTES)),
                Arguments.of("boundaries", sequence(regex("\\b.|\\B\\w\\B|\\A\\s|\\s\\z"), BYTES)),
                Arguments.of("empty matches", sequence(regex("(?=\\d)|(?<=\\.)|a*"), BYTES)),
                Arguments.of("behind", sequence(regex("(?<![\\d])1+|(?<=\\s)\\S(?!\\s|$)"), BYTES)),
                Arguments.of("lazy", sequence(regex("a.*?b|1{2,}?|x??\\s{1,2}?|[A-C]+?[^a]"), BYTES)),
                Arguments.of(
                        "intervals", sequence(regex("\\d{2}|\\p{L}{3,4}|[.,]{,2}x|\\s{2,}|/{1,2}+A|a{2}?b"), BYTES)),
                Arguments.of("intervals again", sequence(regex("\\p{N}{1,3}+|x{2}+"), BYTES)),
                Arguments.of("possessive", sequence(regex("\\p{L}++|\\p{N}?+\\s*+|[^\\s]?+a"), BYTES)),
                Arguments.of("case", sequence(regex("(?i:'[sdmt]|'ll|k(?-i:A)|[A-C]x)|(?:re|(?<name>v)e)"), BYTES)),
                Arguments.of(
                        "classes", sequence(regex("[\\w&&[^\\d_]]+|[[:punct:]]+|[[:^alpha:]&&\\s]|\\h|\\P{L}"), BYTES)),
                Arguments.of(
                        "scripts",
                        sequence(
                                regex(
                                        "\\p{Han}+|\\p{Hiragana}|[\\p{Thai}\\p{^Lao}&&\\p{Cyrillic}]+|\\p{Lu}\\p{Ll}*|\\p{Nd}+"),
                                BYTES)),
                Arguments.of(
                        "code points",
                        sequence(regex("\\x{4E2D}|\\u00e9|\\x41|[\\x{1F300}-\\x{1FAFF}]+|\\t|\\."), BYTES)),
                Arguments.of("first choice", sequence(regex("a|ab|abc|th|the|(?:1|12)(?:3|23)"), BYTES)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("preTokenizers")
    void shouldGiveTheSameIdsAndCuts(String what, String preTokenizer) throws IOException {
        Oracle oracle = new Oracle(preTokenizer);
        try (HuggingFaceTokenizer theirs = oracle.theirs()) {
            for (String text : TEXTS) {
                oracle.compare(theirs, text);
            }
            Random random = new Random(17);
            for (int round = 0; round < 300; round++) {
                oracle.compare(theirs, random(random, 1 + random.nextInt(40)));
            }
        }
    }

    @Tag("nightly")
    @ParameterizedTest(name = "{0}")
    @MethodSource("preTokenizers")
    void shouldGiveTheSameIdsAndCutsWhenReadingTheDeclarationInManyLanguages(String what, String preTokenizer)
            throws IOException {
        Path udhr = Path.of(System.getProperty("polyglow.corpora"), "udhr");
        assumeTrue(Files.exists(udhr), udhr + " is not here");
        Oracle oracle = new Oracle(preTokenizer);
        try (Stream<Path> files = Files.list(udhr);
                HuggingFaceTokenizer theirs = oracle.theirs()) {
            List<Path> declarations =
                    files.filter(f -> f.toString().endsWith(".html")).sorted().toList();
            for (int i = 0; i < declarations.size(); i += EVERY) {
                oracle.compare(theirs, Files.readString(declarations.get(i)));
            }
        }
    }

    @Tag("nightly")
    @ParameterizedTest(name = "{0}")
    @MethodSource("preTokenizers")
    void shouldGiveTheSameIdsAndCutsWhenGivenAnyCodePointOfTheFirstTwoPlanes(String what, String preTokenizer)
            throws IOException {
        Oracle oracle = new Oracle(preTokenizer);
        try (HuggingFaceTokenizer theirs = oracle.theirs()) {
            for (int page = 0; page < 0x20000 >> 7; page++) {
                StringBuilder text = new StringBuilder();
                for (int c = page << 7; c < (page + 1) << 7; c++) {
                    if (c < 0xD800 || c > 0xDFFF) {
                        String it = Character.toString(c);
                        text.append(" a" + it + "1" + it + "!");
                    }
                }
                oracle.compare(theirs, text.toString());
            }
        }
    }

    /** One tokenizer, read here and there. */
    private static final class Oracle {
        private final String json;
        private final ByteLevelBpe words;
        private final PreTokenSteps steps;

        Oracle(String preTokenizer) {
            JsonObject root = Json.parseObject(
                    "multilingual.json", Tokenizers.multilingual().json(), TokenizerJson.MAX_BYTES);
            root.put("pre_tokenizer", Json.parseObject("test", preTokenizer.getBytes(StandardCharsets.UTF_8), 1 << 20));
            json = Json.pretty(root);
            words = new ByteLevelBpe(TokenizerJson.parse(root));
            steps = (PreTokenSteps) words.model().pattern();
            assertThat(words.json()).isEqualTo(json.getBytes(StandardCharsets.UTF_8));
        }

        HuggingFaceTokenizer theirs() throws IOException {
            Map<String, String> options =
                    Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), options);
        }

        void compare(HuggingFaceTokenizer theirs, String text) {
            Encoding expected = theirs.encode(text, false, false);
            int[] ids =
                    Arrays.stream(expected.getIds()).mapToInt(Math::toIntExact).toArray();
            assertThat(words.encode(text)).as(text).isEqualTo(ids);
            long[] piece = expected.getWordIds();
            long pieces = IntStream.range(0, piece.length)
                    .filter(i -> i == 0 || piece[i] != piece[i - 1])
                    .count();
            assertThat(steps.cut(text.getBytes(StandardCharsets.UTF_8)).count())
                    .as(text)
                    .isEqualTo((int) pieces);
        }
    }

    private static String sequence(String... parts) {
        return "{\"type\":\"Sequence\",\"pretokenizers\":[" + String.join(",", parts) + "]}";
    }

    private static String regex(String regex) {
        return split(regex, "Isolated", false);
    }

    private static String split(String regex, String behavior, boolean invert) {
        return Json.line(new JsonObject()
                .put("type", "Split")
                .put("pattern", new JsonObject().put("Regex", regex))
                .put("behavior", behavior)
                .put("invert", invert));
    }

    private static String digits(boolean each) {
        return "{\"type\":\"Digits\",\"individual_digits\":" + each + "}";
    }

    private static final List<String> TEXTS = List.of(
            "",
            " ",
            "\n",
            " a",
            "today\n \n",
            "today\n  ",
            "line one\nline two\n\nline four\n",
            " \u0085\u00a0\u2028\u3000x",
            "Hello there       dear, (friend) [1] {2} a.b.c. ... !?",
            "don't DON'T we'LL They'Ve I'm you'D 's 't''s 'S'K kA KA \u212AA \u212Aa x's",
            "HelloWorld HTTPServer iPhone snake_case a-b a+b=c <tag> $5 ^x `y` |z| ~",
            "1234567890 12 １２３４ ½²Ⅷ ² ³ ¹ ¼ 12345x 11 111",
            "१२३ ٤٥ Ⅷ ½ ² нет² это³ 中²",
            "人人生而自由,在尊严和权利上一律平等。すべての人間は、生まれながらにして自由であり",
            "한국어 텍스트입니다. ภาษาไทยไม่มีช่องว่าง ພາສາລາວ",
            "मानव अधिकारों की सार्वभौम घोषणा। اردو زبان۔ العربية، نص",
            "Все люди рождаются свободными и равными в своём достоинстве…",
            "👍🏽👩‍👩‍👧‍👦🇩🇪 a\u200db a\u200cb",
            "e\u0301 é ﬁ Å ʰa Aʰ ªº \u0903 a\u0345",
            "the thea then abc abcd ababab 123 1223 12323 aab axxb a\nb aaab aa",
            "a/b//c !/A\n//A/A\r\n//A x/\n ,,x .x x",
            "\u0000\u0001\u001f\u007f\u200b\ufeff\u180e\u00ad",
            ".(a.(.( (. a  a a",
            "1".repeat(300),
            "a".repeat(300),
            " \n\t".repeat(100) + "end",
            "中文".repeat(60));

    private static String random(Random random, int length) {
        return RandomText.of(
                random,
                length,
                "  \n\r\t''sStTmdrREvVlLkK019.,/-+$_aeiouABCxb ñéÉжЖह中ไかカ²\u00a0\u3000\u0301\u0903½ſ。।(",
                0x2_0000);
    }
}
