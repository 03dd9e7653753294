package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.TreeMap;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TiktokenFileTest {
    private static final TiktokenEncoding PLAIN =
            new TiktokenEncoding(PreTokenPattern.GPT2, new TreeMap<>(), List.of());

    /** Made as minbpe's example is: aaabdaaabac in three merges. */
    @Test
    void shouldMergeByRank() {
        ByteLevelBpe tokenizer = read(ranks("aa", "aaa", "aaab"), PLAIN);
        assertThat(tokenizer.encode("aaabdaaabac")).containsExactly(258, 'd', 258, 'a', 'c');
        assertThat(tokenizer.model().merges().size()).isEqualTo(3);
        assertThat(tokenizer.model().wholePieceFirst()).isFalse();
    }

    @Test
    void shouldTakeATokenThatNoMergeMakesOnlyAsAWholePiece() {
        ByteLevelBpe tokenizer = read(ranks("abc"), PLAIN);
        assertThat(tokenizer.encode("abc")).containsExactly(256);
        assertThat(tokenizer.encode("abcd")).containsExactly('a', 'b', 'c', 'd');
    }

    @Test
    void shouldWriteTheSameFileWhenReadFromOne() {
        String file = ranks("aa", "aaa", "aaab");
        assertThat(new String(TiktokenFile.write(read(file, PLAIN).model()), StandardCharsets.ISO_8859_1))
                .isEqualTo(file);
    }

    @Test
    void shouldEncodeAlikeWhenATrainedTokenizerGoesOutAndComesBack() {
        BpeModel trained = Tokenizers.multilingual().model();
        TreeMap<Integer, String> specials = new TreeMap<>();
        trained.addedTokens().forEach(token -> specials.put(token.id(), token.content()));
        ByteLevelBpe back = read(
                new String(TiktokenFile.write(trained), StandardCharsets.ISO_8859_1),
                new TiktokenEncoding((PreTokenPattern) trained.pattern(), specials, List.of()));
        assertThat(back.model()).isEqualTo(trained);
    }

    @Test
    void shouldRefuseToWriteWhatRanksCannotSay() {
        assertThatThrownBy(() -> TiktokenFile.write(outOfOrder()))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining(".tiktoken");
    }

    @Test
    void shouldNameTheSpecialTokensOfAnEncoding() {
        ByteLevelBpe tokenizer = read(
                ranks("aa"),
                new TiktokenEncoding(
                        PreTokenPattern.GPT2,
                        new TreeMap<>(TiktokenEncoding.named("r50k_base").specials()),
                        List.of()));
        assertThat(tokenizer.endOfTextId()).isEqualTo(50_256);
        assertThat(tokenizer.decode(new int[] {257}, 0, 1)).asString().isEqualTo("<|reserved_257|>");
        assertThat(TiktokenEncoding.named("llama3").specials())
                .hasSize(256)
                .containsEntry(128_009, "<|eot_id|>")
                .containsEntry(128_255, "<|reserved_special_token_247|>");
    }

    @ParameterizedTest
    @CsvSource({"YQ== 0|YQ==, 2", "YQ== 0|YQ== 1, 2", "YQ== 0|Yg== 0, 2", "!! 0, 1", "YQ== x, 1", "YQ== -1, 1"})
    void shouldRefuseWithTheLineWhenItIsNotOne(String lines, int line) {
        assertThatThrownBy(() -> read(lines.replace('|', '\n'), PLAIN))
                .isInstanceOf(PolyglowException.class)
                .hasMessageStartingWith("test.tiktoken:" + line + ": ");
    }

    /** "bc" merges before "ab" and has the larger id. */
    private static BpeModel outOfOrder() {
        BpeModel model = Tokenizers.merging("a b", "b c").model();
        IntArrayList swapped = new IntArrayList();
        swapped.addAll(List.of(
                model.merges().left(1),
                model.merges().right(1),
                model.merges().left(0),
                model.merges().right(0)));
        return new BpeModel(model.pattern(), false, model.vocabulary(), new IntPairs(swapped), model.addedTokens());
    }

    /** The bytes, then the given tokens. */
    private static String ranks(String... tokens) {
        StringBuilder file = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            line(file, new byte[] {(byte) b}, b);
        }
        for (int i = 0; i < tokens.length; i++) {
            line(file, tokens[i].getBytes(StandardCharsets.UTF_8), 256 + i);
        }
        return file.toString();
    }

    private static void line(StringBuilder file, byte[] token, int rank) {
        file.append(Base64.getEncoder().encodeToString(token))
                .append(' ')
                .append(rank)
                .append('\n');
    }

    private static ByteLevelBpe read(String file, TiktokenEncoding encoding) {
        try {
            ByteArrayInputStream in = new ByteArrayInputStream(file.getBytes(StandardCharsets.ISO_8859_1));
            return new ByteLevelBpe(TiktokenFile.parse("test.tiktoken", in, encoding));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
