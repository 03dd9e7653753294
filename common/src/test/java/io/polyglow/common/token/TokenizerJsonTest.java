package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerJsonTest {
    /** GPT-2's own file has these settings; the vocabulary is cut down. */
    private static final String SMALL =
            """
            {"version":"1.0","truncation":null,"padding":null,
             "added_tokens":[{"id":5,"content":"<|endoftext|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":true}],
             "normalizer":null,
             "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
             "post_processor":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false},
             "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true},
             "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"","fuse_unk":false,
              "vocab":{"a":0,"b":1,"ab":2,"Ġ":3,"Ġab":4,"<|endoftext|>":5},
              "merges":["a b","Ġ ab"]}}
            """;

    @Test
    void shouldReadBothNotationsOfMergesAsTheSameTokenizer() {
        ByteLevelBpe old = parse(SMALL);
        ByteLevelBpe pairs = parse(SMALL.replace("\"a b\",\"Ġ ab\"", "[\"a\",\"b\"],[\"Ġ\",\"ab\"]"));
        assertThat(old.encode(" abba")).containsExactly(4, 1, 0);
        assertThat(pairs.model()).isEqualTo(old.model());
        assertThat(pairs.sha256()).isEqualTo(old.sha256());
        assertThat(old.endOfTextId()).isEqualTo(5);
    }

    @Test
    void shouldWriteTheSameBytesWhenReadBack() throws Exception {
        ByteLevelBpe tokenizer = parse(SMALL);
        byte[] json = tokenizer.json();
        assertThat(parse(new String(json, StandardCharsets.UTF_8)).json()).isEqualTo(json);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(json);
        assertThat(tokenizer.sha256()).isEqualTo(HexFormat.of().formatHex(digest));
        assertThat(new String(json, StandardCharsets.UTF_8))
                .contains("\"merges\": [\n      [\n        \"a\",\n        \"b\"\n      ],");
    }

    @Test
    void shouldReadAnAddedTokenThatContinuesTheVocabulary() {
        ByteLevelBpe tokenizer = parse(SMALL.replace(",\"<|endoftext|>\":5", ""));
        assertThat(tokenizer.vocabSize()).isEqualTo(6);
        assertThat(tokenizer.endOfTextId()).isEqualTo(5);
    }

    @Test
    void shouldTakeTheIdOfTheVocabularyWhenAnAddedTokenSaysAnother() {
        assertThat(parse(SMALL.replace("\"id\":5", "\"id\":250001")).sha256())
                .isEqualTo(parse(SMALL).sha256());
    }

    @Test
    void shouldReadTheSplitFormOfThePattern() {
        String split =
                "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"%s\"},\"behavior\":\"Isolated\",\"invert\":false},"
                        + "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}]}";
        String plain = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true}";
        String gpt2 = PreTokenPattern.GPT2.regex().replace("\\", "\\\\");
        assertThat(parse(SMALL.replace(plain, String.format(split, gpt2))).sha256())
                .isEqualTo(parse(SMALL).sha256());
        assertThat(parse(SMALL.replace(plain, String.format(split, "[\\\\s\\\\S]")))
                        .model()
                        .pattern())
                .isEqualTo(PreTokenPattern.CHAR);
        assertThatThrownBy(() -> parse(SMALL.replace(plain, String.format(split, "(?>a+)$"))))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("$.pre_tokenizer.pretokenizers[0].pattern.Regex")
                .hasMessageContaining("\"(?>a+)$\" has an atomic group");
    }

    /** As Llama 3 has it; Qwen adds the normal form. */
    @Test
    void shouldKeepWhatAFileAsksForAroundATextAndApplyItOnlyOnRequest() {
        String template =
                """
                "normalizer":{"type":"NFC"},
                 "post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true},
                  {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
                   "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
                   "special_tokens":{"<|endoftext|>":{"id":"<|endoftext|>","ids":[5],"tokens":["<|endoftext|>"]}}}]}""";
        ByteLevelBpe tokenizer = parse(SMALL.replace("\"normalizer\":null", template)
                .replace(
                        "\"post_processor\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":false},\n",
                        ""));
        assertThat(tokenizer.model().frame()).isEqualTo(new TextFrame(true, List.of(5), List.of()));
        IntArrayList ids = new IntArrayList();
        tokenizer.encodeFramed("ab".getBytes(StandardCharsets.UTF_8), 0, 2, ids);
        assertThat(ids.toIntArray()).containsExactly(5, 2);
        assertThat(tokenizer.encode("ab")).containsExactly(2);
        assertThat(parse(tokenizer.json()).model()).isEqualTo(tokenizer.model());
    }

    /** It says how batches are filled up, which changes no text's ids. */
    @Test
    void shouldReadAFileThatPadsBatches() {
        String padding =
                "\"padding\":{\"strategy\":{\"Fixed\":64},\"direction\":\"Right\",\"pad_id\":1,\"pad_token\":\"<pad>\"}";
        assertThat(parse(SMALL.replace("\"padding\":null", padding)).sha256())
                .isEqualTo(parse(SMALL).sha256());
    }

    @Test
    void shouldReadDigitsApart() {
        String plain = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true}";
        String digits = "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":true},"
                + plain + "]}";
        ByteLevelBpe tokenizer = parse(SMALL.replace(plain, digits));
        assertThat(tokenizer.model().pattern()).isEqualTo(PreTokenPattern.GPT2_DIGITS);
        assertThat(parse(tokenizer.json()).model()).isEqualTo(tokenizer.model());
    }

    @Test
    void shouldReadOtherSpellingsOfAPattern() {
        for (PreTokenPattern pattern : PreTokenPattern.values()) {
            byte[] json = Tokenizers.bytes(pattern).json();
            assertThat(parse(json).model().pattern()).isEqualTo(pattern);
        }
        String cl100k = new String(Tokenizers.bytes(PreTokenPattern.CL100K).json(), StandardCharsets.UTF_8);
        String possessive = cl100k.replace("\\\\p{L}+|", "\\\\p{L}++|")
                .replace("\\\\p{N}]?", "\\\\p{N}]?+")
                .replace("\\\\p{N}]+[\\\\r\\\\n]*|", "\\\\p{N}]++[\\\\r\\\\n]*+|");
        assertThat(possessive).isNotEqualTo(cl100k);
        assertThat(parse(possessive).model().pattern()).isEqualTo(PreTokenPattern.CL100K);
    }

    @Test
    void shouldCutByAnyRegexAndWriteItAsItWasRead() {
        String plain = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true}";
        String words =
                "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[^b]+\"},\"behavior\":\"Isolated\",\"invert\":false},"
                        + "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}]}";
        ByteLevelBpe tokenizer = parse(SMALL.replace(plain, words));
        assertThat(tokenizer.encode("abab")).containsExactly(0, 1, 0, 1);
        assertThat(tokenizer.isLossless()).isTrue();
        assertThat(parse(tokenizer.json()).model()).isEqualTo(tokenizer.model());
        assertThat(new String(tokenizer.json(), StandardCharsets.UTF_8)).contains("\"Regex\": \"[^b]+\"");
    }

    @Test
    void shouldSayThatATokenizerWhichAddsOrDropsTextIsNotLossless() {
        assertThat(parse(SMALL).isLossless()).isTrue();
        ByteLevelBpe spaced = parse(SMALL.replaceFirst("\"add_prefix_space\":false", "\"add_prefix_space\":true"));
        assertThat(spaced.isLossless()).isFalse();
        assertThat(spaced.encode("ab")).containsExactly(4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '^',
            value = {
                "\"version\":\"1.0\"; \"version\":\"2.0\"; $.version",
                "\"truncation\":null; \"truncation\":{\"max_length\":512}; $.truncation",
                "\"padding\":null; \"padding\":7; $.padding",
                "\"normalizer\":null; \"normalizer\":{\"type\":\"NFKC\"}; $.normalizer",
                "\"type\":\"BPE\"; \"type\":\"Unigram\"; $.model.type",
                "\"dropout\":null; \"dropout\":0.1; $.model.dropout",
                "\"unk_token\":null; \"unk_token\":\"<unk>\"; $.model.unk_token",
                "\"continuing_subword_prefix\":\"\"; \"continuing_subword_prefix\":\"##\";"
                        + " $.model.continuing_subword_prefix",
                "\"fuse_unk\":false; \"byte_fallback\":true; $.model.byte_fallback",
                "\"add_prefix_space\":false; \"prefix_space\":false; $.pre_tokenizer.prefix_space",
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":false;"
                        + " {\"type\":\"Whitespace\",\"add_prefix_space\":false; $.pre_tokenizer.add_prefix_space",
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true}; {\"type\":\"Whitespace\"};"
                        + " $.pre_tokenizer.type",
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true}; {\"type\":\"Metaspace\"};"
                        + " $.pre_tokenizer.type",
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true};"
                        + " {\"type\":\"BertPreTokenizer\"}; $.pre_tokenizer.type",
                "\"decoder\":{\"type\":\"ByteLevel\"; \"decoder\":{\"type\":\"Metaspace\"; $.decoder",
                "\"post_processor\":{\"type\":\"ByteLevel\"; \"post_processor\":{\"type\":\"TemplateProcessing\";"
                        + " $.post_processor",
                "\"a\":0,; \"a\":1,; $.model.vocab.b",
                "\"a\":0,; \"a\":77,; $.model.vocab.a",
                "\"a b\"; \"a  b\"; $.model.merges[0]",
                "\"a b\"; \"a a\"; $.model.merges[0]",
                "\"id\":5,\"content\":\"<|endoftext|>\"; \"id\":7,\"content\":\"<|other|>\"; $.added_tokens[0].id",
                "\"id\":5,\"content\":\"<|endoftext|>\"; \"id\":4,\"content\":\"<|other|>\"; $.added_tokens[0].id",
            })
    void shouldRefuseWithTheJsonPathWhenSomethingWouldChangeIds(String fine, String bad, String path) {
        assertThat(SMALL).contains(fine);
        assertThatThrownBy(() -> parse(SMALL.replaceFirst(Pattern.quote(fine), bad.replace("$", "\\$"))))
                .isInstanceOfSatisfying(PolyglowException.class, e -> {
                    assertThat(e.kind()).isEqualTo(ErrorKind.DATA);
                    assertThat(e).hasMessageStartingWith("test.json: " + path);
                });
    }

    @Test
    void shouldRefuseOrReadWhenAnyByteChanges() {
        byte[] good = SMALL.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < good.length; at++) {
            for (int flip = 1; flip < 128; flip <<= 1) {
                byte[] bad = good.clone();
                bad[at] ^= (byte) flip;
                assertThat(isRefused(bad) || isUsable(bad)).isTrue();
            }
        }
    }

    private static boolean isRefused(byte[] utf8) {
        try {
            parse(utf8);
            return false;
        } catch (PolyglowException e) {
            assertThat(e.kind()).isEqualTo(ErrorKind.DATA);
            return true;
        }
    }

    private static boolean isUsable(byte[] utf8) {
        ByteLevelBpe tokenizer = parse(utf8);
        int[] all = IntStream.range(0, tokenizer.vocabSize()).toArray();
        return tokenizer.decode(all, 0, all.length).length > 0
                && parse(tokenizer.json()).sha256().equals(tokenizer.sha256());
    }

    private static ByteLevelBpe parse(String json) {
        return parse(json.getBytes(StandardCharsets.UTF_8));
    }

    private static ByteLevelBpe parse(byte[] utf8) {
        try {
            return new ByteLevelBpe(TokenizerJson.parse("test.json", new ByteArrayInputStream(utf8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
