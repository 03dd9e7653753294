package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.PieceModels.Piece;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers of SentencePiece's family: ids against Hugging Face's library, which reads the same file; then what differs, and what is refused. */
class PieceTokenizerTest {
    private static final String LLAMA =
            "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"▁\"},"
                    + "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}]}";
    private static final String LLAMA_DECODER =
            "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\""
                    + " \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\",\"content\":\""
                    + " \",\"start\":1,\"stop\":0}]}";
    private static final String METASPACE =
            "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"%s\",\"split\":%s}";
    private static final String CHARSMAP = Base64.getEncoder().encodeToString(PieceModels.charsMap());
    private static final List<Piece> BPE = PieceModels.pieces(true, PieceModels.bpe(260));
    private static final List<Piece> UNIGRAM = PieceModels.pieces(true, PieceModels.unigram(400));

    @ParameterizedTest
    @MethodSource("files")
    void shouldGiveTheIdsAndTextsOfHuggingFace(String what, String json) throws IOException {
        Tokenizer ours = PieceModels.read(json);
        try (HuggingFaceTokenizer theirs = load(json.getBytes(StandardCharsets.UTF_8));
                HuggingFaceTokenizer written = load(ours.json())) {
            Random random = new Random(11);
            for (int round = 0; round < 600; round++) {
                String text = round == 0 ? PieceModels.TEXT : random(random, random.nextInt(50));
                int[] ids = ids(theirs, text);
                assertThat(ours.encode(text)).as(what + ": " + text).isEqualTo(ids);
                assertThat(ids(written, text)).as("written again: " + text).isEqualTo(ids);
                long[] longs = Arrays.stream(ids).asLongStream().toArray();
                assertThat(new String(ours.decode(ids, 0, ids.length), StandardCharsets.UTF_8))
                        .isEqualTo(theirs.decode(longs, false));
            }
        }
    }

    static Stream<Arguments> files() {
        String metaspace = METASPACE.formatted("always", true);
        String metaspaceDecoder = METASPACE.formatted("always", true);
        String charsMap =
                "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Precompiled\",\"precompiled_charsmap\":\""
                        + CHARSMAP
                        + "\"},{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\""
                        + " {2,}\"},\"content\":\"▁\"}]}";
        String words = "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"}," + metaspace + "]}";
        String gemma = "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}";
        String gemmaSplit = "{\"type\":\"Split\",\"pattern\":{\"String\":\""
                + " \"},\"behavior\":\"MergedWithPrevious\",\"invert\":false}";
        String gemmaDecoder =
                LLAMA_DECODER.replace(",{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}", "");
        String steps =
                "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\",\"behavior\":\"MergedWithPrevious\"},"
                        + metaspace + ",{\"type\":\"Digits\",\"individual_digits\":true},"
                        + "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[^▁]e\"},\"behavior\":\"MergedWithNext\",\"invert\":false}]}";
        var bpe = PieceModels.bpeJson(BPE, true);
        var unigram = PieceModels.unigramJson(UNIGRAM, true);
        var unknowns = PieceModels.unigramJson(PieceModels.pieces(false, PieceModels.unigram(300)), false);
        var closed = PieceModels.bpeJson(PieceModels.pieces(false, PieceModels.bpe(100)), false);
        return Stream.of(
                arguments("Llama 2", PieceModels.json(LLAMA, "null", LLAMA_DECODER, bpe)),
                arguments(
                        "Llama 2, newer",
                        PieceModels.json("null", METASPACE.formatted("first", false), LLAMA_DECODER, bpe)),
                arguments("Gemma", PieceModels.json(gemma, gemmaSplit, gemmaDecoder, bpe)),
                arguments("BPE without bytes", PieceModels.json("null", metaspace, metaspaceDecoder, closed)),
                arguments("Unigram, bytes", PieceModels.json(LLAMA, "null", LLAMA_DECODER, unigram)),
                arguments("Unigram, unknown", PieceModels.json("null", metaspace, metaspaceDecoder, unknowns)),
                arguments(
                        "Unigram, never",
                        PieceModels.json("null", METASPACE.formatted("never", true), gemmaDecoder, unigram)),
                arguments("T5", PieceModels.json(charsMap, words, metaspaceDecoder, unknowns)),
                arguments("digits, signs and words", PieceModels.json("null", steps, LLAMA_DECODER, bpe)),
                arguments(
                        "white space gone", PieceModels.json("null", "{\"type\":\"Whitespace\"}", LLAMA_DECODER, bpe)),
                arguments("XLM-R", PieceModels.json(charsMap, metaspace, metaspaceDecoder, unknowns)));
    }

    /** One pre-token, which a heap merges in O(n log n). */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldEncodeTenMegabytesOfOneLetterInTime() {
        Tokenizer ours =
                PieceModels.read(PieceModels.json(LLAMA, "null", LLAMA_DECODER, PieceModels.bpeJson(BPE, true)));
        byte[] text = "a".repeat(10_000_000).getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();

        ours.encode(text, 0, text.length, ids);

        int[] some = ids.toIntArray();
        assertThat(ours.decode(some, 0, some.length)).isEqualTo(text);
    }

    private static Arguments arguments(String what, String json) {
        return Arguments.of(what, json);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldReadAModelFileAsTheTokenizerThatHuggingFaceReadsAfterwards(boolean trimSpaces) throws IOException {
        Random random = new Random(5);
        for (int type = 1; type <= 2; type++) {
            byte[] file = PieceModels.model(type == 1 ? UNIGRAM : BPE, type, true, PieceModels.charsMap(), trimSpaces);
            Tokenizer ours = PieceModels.read("tokenizer.model", file);
            assertThat(ours.endOfTextId()).isEqualTo(2);
            try (HuggingFaceTokenizer theirs = load(ours.json())) {
                for (int round = 0; round < 200; round++) {
                    String text = random(random, random.nextInt(40));
                    assertThat(ours.encode(text)).as(text).isEqualTo(ids(theirs, text));
                }
            }
        }
    }

    @Test
    void shouldNormaliseAsSentencePieceDoesWhenRulesOverlap() {
        Tokenizer tokenizer = PieceModels.read("m", PieceModels.model(UNIGRAM, 1, true, PieceModels.charsMap(), true));
        assertThat(roundTrip(tokenizer, " ｶﾞｶ ")).isEqualTo("ガカ");
        assertThat(roundTrip(tokenizer, "①Ａa\u00ad\u3000\t x")).isEqualTo("1Aa x");
        assertThat(roundTrip(tokenizer, "㍿ e\u0301e")).isEqualTo("株式会社 ée");
        assertThat(tokenizer.encode("   ")).isEmpty();
    }

    /** sentencepiece's {@code src/normalizer_test.cc}: a prefix or none, spaces kept or collapsed, and rules that make spaces. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "true,true,\" a \",▁A",
                "true,true,a,▁A",
                "true,true,ba,▁B▁A",
                "true,true,c,▁D▁E",
                "true,true,adb,▁A▁F▁G▁B",
                "false,true,ba,B▁A",
                "false,true,ad,A▁F▁G",
                "false,false,a,▁A",
                "false,false,d,▁F▁G▁",
                "false,false,da,▁F▁G▁▁A",
                "true,false,d,▁▁F▁G▁",
                "true,false,adb,▁▁A▁F▁G▁B",
                "false,false,▁,▁",
                "false,false,\" \",▁",
                "false,true,▁,\"\"",
                "false,true,\" \",\"\"",
                "true,false,▁,▁▁",
                "true,false,\" \",▁▁",
                "true,true,▁,\"\"",
                "true,true,\" \",\"\"",
                "true,true,\"x ▁ \",▁x",
            })
    void shouldNormaliseAsSentencePieceDoesWhenRulesMakeSpaces(
            boolean prefix, boolean trimSpaces, String text, String normalised) {
        byte[] rules = PieceModels.charsMap(Map.of("a", " A", "b", "B", "c", "D E", "d", " F G "));
        byte[] model = PieceModels.model(UNIGRAM, 1, true, rules, trimSpaces, prefix);
        assertThat(normalise(model, text)).isEqualTo(normalised);
    }

    /** What a {@code .model} makes of a text before its vocabulary sees it. */
    static String normalise(byte[] model, String text) {
        var frame = PieceModelJson.parse(SentencePieceFile.json("m", model)).frame();
        return new String(
                Normalizers.parse(frame).normalize(text.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
    }

    @Test
    void shouldGiveBackAnyBytesWhenTheVocabularyHasThem() {
        Tokenizer tokenizer =
                PieceModels.read(PieceModels.json(LLAMA, "null", LLAMA_DECODER, PieceModels.bpeJson(BPE, true)));
        Random random = new Random(3);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            var ids = new org.agrona.collections.IntArrayList();
            tokenizer.encode(bytes, 0, bytes.length, ids);
            assertThat(tokenizer.decode(ids.toIntArray(), 0, ids.size())).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"</s>", "<s> </s>", "<unk>", "<0x41>", "a</s>b"})
    void shouldNeverFindAReservedTokenInText(String text) {
        for (List<Piece> pieces : List.of(BPE, UNIGRAM)) {
            var model = pieces == BPE ? PieceModels.bpeJson(pieces, true) : PieceModels.unigramJson(pieces, true);
            Tokenizer tokenizer = PieceModels.read(PieceModels.json(LLAMA, "null", LLAMA_DECODER, model));
            assertThat(tokenizer.encode(text)).doesNotContain(0, 1, 2, 3 + 'A');
            assertThat(roundTrip(tokenizer, text)).isEqualTo(text);
        }
    }

    /** Gemma has runs of marks among its added tokens; as in Hugging Face's library, what decodes tokens decodes these too. */
    @Test
    void shouldMakeSpacesOfMarksInAddedTokens() throws IOException {
        List<Piece> pieces = new ArrayList<>(BPE);
        pieces.add(new Piece("▁▁", 1000, 4));
        pieces.add(new Piece("[x▁y]", -1001, 4));
        Tokenizer ours =
                PieceModels.read("tokenizer.model", PieceModels.model(pieces, 2, true, PieceModels.charsMap(), false));
        int[] ids = {BPE.size() + 1, BPE.size(), 1, BPE.size(), BPE.size() + 1};
        assertThat(ours.encode("a  b")).contains(BPE.size());
        assertThat(roundTrip(ours, "a  b")).isEqualTo("a  b");
        assertThat(new String(ours.decode(ids, 0, ids.length), StandardCharsets.UTF_8))
                .isEqualTo("[x y]  <s>  [x y]");
        try (HuggingFaceTokenizer theirs = load(ours.json())) {
            assertThat(theirs.decode(Arrays.stream(ids).asLongStream().toArray(), false))
                    .isEqualTo("[x y]  <s>  [x y]");
        }
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldOpenALargeVocabularyWithManyAddedTokensInTime() {
        List<Piece> pieces = new ArrayList<>(UNIGRAM);
        for (int i = 0; i < 100_000; i++) {
            pieces.add(new Piece("piece" + i, -20, i % 4 == 0 ? 3 : 1));
        }
        Tokenizer tokenizer = PieceModels.read("m", PieceModels.model(pieces, 1, true, PieceModels.charsMap(), true));
        assertThat(tokenizer.encode("piece99999")).contains(UNIGRAM.size() + 99_999);
        assertThat(tokenizer.encode("piece4")).doesNotContain(UNIGRAM.size() + 4);
    }

    @Test
    void shouldStayLinearWhenAPreTokenHasMegabytes() {
        for (var model : List.of(PieceModels.bpeJson(BPE, true), PieceModels.unigramJson(UNIGRAM, true))) {
            Tokenizer tokenizer = PieceModels.read(PieceModels.json(LLAMA, "null", LLAMA_DECODER, model));
            assertThat(tokenizer.encode("a".repeat(2_000_000)).length).isBetween(100_000, 2_000_001);
        }
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void shouldRefuseWithTheJsonPathWhenSomethingWouldChangeIds(String from, String to, String path) {
        String json = PieceModels.json(LLAMA, "null", LLAMA_DECODER, PieceModels.unigramJson(UNIGRAM, true));
        assertThat(json).contains(from);
        assertThatThrownBy(() -> PieceModels.read(json.replace(from, to)))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining(path);
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal("\"Prepend\"", "\"NFKC\"", "$.normalizer.normalizers[0].type"),
                refusal(
                        "{\"String\":\" \"},\"content\":\"▁\"",
                        "{\"Regex\":\"a+\"},\"content\":\"▁\"",
                        "pattern.Regex"),
                refusal(
                        "\"pre_tokenizer\":null",
                        "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}",
                        "$.pre_tokenizer.type"),
                refusal(
                        "\"post_processor\":null",
                        "\"post_processor\":{\"type\":\"BertProcessing\"}",
                        "$.post_processor"),
                refusal("\"Fuse\"", "\"CTC\"", "$.decoder.decoders[2].type"),
                refusal("\"stop\":0", "\"stop\":1", "$.decoder.decoders[3]"),
                refusal("{\"type\":\"Fuse\"},", "", "$.decoder.decoders[2].type"),
                refusal(
                        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"},",
                        "",
                        "$.decoder.decoders"),
                refusal("\"unk_id\":0", "\"unk_id\":99999", "$.model.unk_id"),
                refusal("\"truncation\":null", "\"truncation\":{}", "$.truncation"),
                refusal("\"padding\":null", "\"padding\":7", "$.padding"));
    }

    private static Arguments refusal(String from, String to, String path) {
        return Arguments.of(from, to, path);
    }

    /** A model is read or refused, whatever byte of it is wrong or missing; nothing else may be thrown. */
    @Test
    void shouldReadOrRefuseAModelFileWhenAnyByteChanges() {
        byte[] file = PieceModels.model(
                PieceModels.pieces(false, Map.of("▁", -1.0, "a", -2.0, "▁a", -3.0)),
                1,
                false,
                PieceModels.charsMap(),
                true);
        Random random = new Random(9);
        for (int round = 0; round < 2000; round++) {
            byte[] broken = round % 2 == 0 ? file.clone() : Arrays.copyOf(file, random.nextInt(file.length));
            for (int i = 0; i < 3 && broken.length > 5; i++) {
                broken[4 + random.nextInt(Math.min(200, broken.length - 4))] = (byte) random.nextInt();
            }
            try {
                PieceModels.read("broken.model", broken).encode(" ｶﾞ a\u3000\t");
            } catch (PolyglowException expected) {
                assertThat(expected.kind()).isEqualTo(ErrorKind.DATA);
            }
        }
    }

    private static String roundTrip(Tokenizer tokenizer, String text) {
        int[] ids = tokenizer.encode(text);
        return new String(tokenizer.decode(ids, 0, ids.length), StandardCharsets.UTF_8);
    }

    private static String random(Random random, int length) {
        String spice = "  \t\u3000 ▁aeinrst undthe.,s0в и人自由生ガＡ①é\u00e9🌍中ж";
        String[] words = PieceModels.TEXT.split(" ", -1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            if (random.nextInt(3) == 0) {
                text.append(words[random.nextInt(words.length)]);
            }
            int at = random.nextInt(spice.length());
            text.appendCodePoint(spice.codePointAt(spice.offsetByCodePoints(0, spice.codePointCount(0, at))));
        }
        return text.toString();
    }

    private static HuggingFaceTokenizer load(byte[] json) throws IOException {
        System.setProperty("ai.djl.offline", "true");
        Map<String, String> options = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
        return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options);
    }

    private static int[] ids(HuggingFaceTokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, false, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }
}
