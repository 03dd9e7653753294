package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers that others published, against the ids that their authors publish; see {@link PeerFiles}. */
class PeerTokenizersTest {
    private static final String LLAMA3 = "meta-llama/llama-models/models/llama3/tokenizer.model";
    private static final String LLAMA2 = "karpathy/llama2.c/tokenizer.model";
    private static final String MISTRAL = "mistralai/mistral-common/src/mistral_common/data/";
    private static final String SENTENCEPIECE = "google/sentencepiece/";
    private static final String DJL =
            "deepjavalibrary/djl/extensions/tokenizers/src/test/resources/fake-tokenizer-with-";

    /** llama-models, {@code models/llama3/tests/api/test_tokenizer.py}. */
    @Test
    void shouldEncodeAndFrameAsLlama3Does() throws IOException {
        ByteLevelBpe llama = llama3();
        byte[] text = utf8("This is a test sentence.");
        IntArrayList ids = new IntArrayList();
        llama.encodeFramed(text, 0, text.length, ids);
        ids.addInt(llama.endOfTextId());
        assertThat(ids.toIntArray()).containsExactly(128000, 2028, 374, 264, 1296, 11914, 13, 128001);
        assertThat(llama.decode(ids.toIntArray(), 0, ids.size()))
                .isEqualTo(utf8("<|begin_of_text|>This is a test sentence.<|end_of_text|>"));
        byte[] chat = utf8("<|start_header_id|>user<|end_header_id|>\n\nThis is a test sentence.<|eot_id|>");
        ids.clear();
        llama.encodeWithSpecial(
                chat, 0, chat.length, List.of("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), ids);
        assertThat(ids.toIntArray()).containsExactly(128006, 882, 128007, 271, 2028, 374, 264, 1296, 11914, 13, 128009);
    }

    /** llama.cpp, {@code models/ggml-vocab-tinyllama.gguf.inp} and {@code .out}; {@code </s>} is put in by whoever may, as everywhere here, and {@code ~} is a line feed. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "abc</s> def ghi|25638 2 29871 822 330 2918",
                "</s> XML|2 29871 6560",
                "X</s> Y|1060 2 29871 612",
                "a</s>b|263 2 289",
                "a</s> b|263 2 29871 289",
                "a</s>  b|263 2 259 289",
                "a</s>~b|263 2 29871 13 29890",
                "def ghi|822 330 2918",
                " def ghi|29871 822 330 2918",
                "ghi|330 2918",
                " ghi|29871 330 2918",
            })
    void shouldGiveTheIdsOfLlamaCpp(String text, String ids) throws IOException {
        Tokenizer llama = sentencePiece(LLAMA2, "9e556afd44213b6bd1be2b850ebbbd98");
        IntArrayList found = new IntArrayList();
        for (String part : text.replace('~', '\n').split("(?=</s>)|(?<=</s>)")) {
            if (part.equals("</s>")) {
                found.addInt(llama.endOfTextId());
            } else {
                for (int id : llama.encode(part)) {
                    found.addInt(id);
                }
            }
        }
        assertThat(found.toIntArray()).isEqualTo(ints(ids));
    }

    /** mistral-common, {@code tests/test_tokenize_v1.py} and {@code _v2.py}: later versions have 768 control tokens more, and ids that are shifted by them. */
    @ParameterizedTest
    @CsvSource({
        "tokenizer.model.v1, dadfd56d, 32000",
        "mistral_instruct_tokenizer_240216.model.v2, 37f00374, 32768",
        "mistral_instruct_tokenizer_240323.model.v3, 9addc8bd, 32768",
        "mistral_instruct_tokenizer_241114.model.v7, 1b968b8d, 32768",
    })
    void shouldReadEveryVersionOfMistralsTokenizer(String file, String sha256, int size) throws IOException {
        Tokenizer mistral = sentencePiece(MISTRAL + file, sha256);
        int shift = size - 32_000;
        assertThat(mistral.vocabSize()).isEqualTo(size);
        assertThat(mistral.endOfTextId()).isEqualTo(2);
        assertThat(mistral.encode("a")).containsExactly(264 + shift);
        assertThat(mistral.encode("b")).containsExactly(287 + shift);
        assertThat(mistral.encode("SYSTEM\n\na"))
                .isEqualTo(ints(shift == 0 ? "17121 22526 13 13 28708" : "17889 23294 781 781 29476"));
        if (shift == 0) {
            assertThat(mistral.encode("[INST] a [/INST]")).isEqualTo(ints("733 16289 28793 264 733 28748 16289 28793"));
        }
    }

    /** Whole-file counts of tiktoken and sentencepiece, and of karpathy/llm.c for sections ({@code dev/data/tinyshakespeare.py}). */
    @Test
    void shouldGiveTheKnownIdsOfTinyShakespeare() throws IOException {
        String text = shakespeare();
        assertKnown(llama3(), text, 301_768, "db543ecc");
        assertKnown(
                sentencePiece(LLAMA2, "9e556afd"),
                text,
                368_633,
                "25be261d24b4cf65e721a428c6e75fbdbda0dd6e4a2b5bf74c1c667a14a16b3f");
        String mistral = MISTRAL + "mistral_instruct_tokenizer_241114.model.v7";
        assertThat(sentencePiece(mistral, "1b968b8d").encode(text)).hasSize(361_972);
        ByteLevelBpe llama = llama3();
        long sections = 0;
        for (String section : text.replace("\n\n", "\n\n\0").split("\0", -1)) {
            sections += 1 + llama.encode(section).length;
        }
        assertThat(sections).isEqualTo(308_992).isEqualTo(32_768 + 276_224);
    }

    /** sentencepiece, {@code python/test/sentencepiece_test.py}, and its books line by line: what a line is normalised to comes back, and gives the same ids. */
    @ParameterizedTest
    @CsvSource({
        "test_model.model, 4884d27bf504, 1000, I saw a girl with a telescope., data/botchan.txt, 464bd5300c24",
        "test_ja_model.model, e39551e7ab93, 8000, 清水寺は京都にある。, data/wagahaiwa_nekodearu.txt, c2f778906046",
    })
    void shouldGiveBackWhatSentencePieceNormalises(
            String model, String sha256, int size, String sentence, String book, String bookSha256) throws IOException {
        byte[] file = PeerFiles.read(SENTENCEPIECE + "python/test/" + model, sha256);
        Tokenizer tokenizer = PieceModels.read(model, file);
        assertThat(tokenizer.vocabSize()).isEqualTo(size);
        assertThat(tokenizer.endOfTextId()).isEqualTo(2);
        assertThat(decoded(tokenizer, tokenizer.encode(sentence))).isEqualTo(sentence);
        String text = new String(PeerFiles.read(SENTENCEPIECE + book, bookSha256), StandardCharsets.UTF_8);
        int known = 0;
        for (String line : text.lines().toList()) {
            int[] ids = tokenizer.encode(line);
            if (IntStream.of(ids).anyMatch(id -> id == 0)) {
                continue; // the vocabulary lacks a character
            }
            known++;
            String back = decoded(tokenizer, ids);
            assertThat("▁" + back.replace(' ', '▁'))
                    .isEqualTo(ids.length == 0 ? "▁" : PieceTokenizerTest.normalise(file, line));
            assertThat(tokenizer.encode(back)).isEqualTo(ids);
        }
        assertThat(known).isGreaterThan((int) (0.7 * text.lines().count()));
    }

    /** sentencepiece, {@code src/normalizer_test.cc}, with the rules {@code nmt_nfkc} as a file made from XLM-R has them. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "\"\",\"\"",
                "\"      \",\"\"",
                "　,\"\"",
                "ABC,▁ABC",
                "\" A  B  C \",▁A▁B▁C",
                "\"   ＡＢＣ   \",▁ABC",
                "　　ABC　　,▁ABC",
                "①②③,▁123",
                "㍿,▁株式会社",
                "\" ｸﾞｰｸﾞﾙ \",▁グーグル",
                "\" I  saw a　 　girl　　\",▁I▁saw▁a▁girl",
                "\u007F,\"\"",
                "\u008F,\"\"",
                "\u009F,\"\"",
                "\u000B,\"\"",
                "\u0010\u0015\u001F,\"\"",
            })
    void shouldNormaliseByNmtNfkc(String text, String normalised) throws IOException {
        JsonObject file = Json.parseObject("djl", PeerFiles.read(DJL + "padding/tokenizer.json", ""));
        byte[] rules = Base64.getDecoder().decode(file.getObject("normalizer").getString("precompiled_charsmap"));
        byte[] model = PieceModels.model(PieceModels.pieces(true, PieceModels.unigram(300)), 1, true, rules, true);
        assertThat(PieceTokenizerTest.normalise(model, text)).isEqualTo(normalised);
    }

    /** pytorch/torchtitan's tokens are not written in the byte alphabet, so Hugging Face finds no token for a space, and drops it; here it is refused. */
    @Test
    void shouldReadAFileOfTokensWithoutMerges() throws IOException {
        byte[] file = PeerFiles.read("pytorch/torchtitan/tests/assets/tokenizer/tokenizer.json", "");
        Tokenizer tokenizer = PieceModels.read("tokenizer.json", file);
        assertThat(tokenizer.vocabSize()).isEqualTo(2020);
        assertThat(((ByteLevelBpe) tokenizer).model().merges().size()).isZero();
        assertThat(tokenizer.encode("the")).containsExactly('t', 'h', 'e');
    }

    /** DJL's fixtures: a unigram model with the rules of {@code nmt_nfkc}, one file padded to 64 tokens. */
    @ParameterizedTest
    @ValueSource(strings = {"padding", "null-padding"})
    void shouldReadAUnigramFileWhetherItPadsOrNot(String kind) throws IOException {
        Tokenizer tokenizer = PieceModels.read("tokenizer.json", PeerFiles.read(DJL + kind + "/tokenizer.json", ""));
        assertThat(tokenizer.vocabSize()).isEqualTo(9);
        assertThat(tokenizer.encode("sentence,")).containsExactly(7, 4);
        assertThat(tokenizer.encode("ｓentence．")).containsExactly(7, 5);
    }

    private static ByteLevelBpe llama3() throws IOException {
        byte[] file = PeerFiles.read(LLAMA3, "82e9d31979e92ab929cd544440f129d9");
        return new ByteLevelBpe(
                TiktokenFile.parse(LLAMA3, new ByteArrayInputStream(file), TiktokenEncoding.named("llama3")));
    }

    private static Tokenizer sentencePiece(String path, String sha256) throws IOException {
        return PieceModels.read(path, PeerFiles.read(path, sha256));
    }

    private static String shakespeare() throws IOException {
        Path file = Path.of(System.getProperty("polyglow.corpora"), "tiny-shakespeare.txt");
        Assumptions.assumeTrue(Files.exists(file), file + " is not here");
        return Files.readString(file);
    }

    private static void assertKnown(Tokenizer tokenizer, String text, int count, String sha256) {
        int[] ids = tokenizer.encode(text);
        assertThat(ids).hasSize(count);
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * ids.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(ids);
        assertThat(PeerFiles.sha256(bytes.array())).startsWith(sha256);
    }

    private static String decoded(Tokenizer tokenizer, int[] ids) {
        return new String(tokenizer.decode(ids, 0, ids.length), StandardCharsets.UTF_8);
    }

    private static int[] ints(String ids) {
        return Stream.of(ids.split(" ")).mapToInt(Integer::parseInt).toArray();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
