package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.PreTokenPattern;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class CharTrainerTest {
    /** nanoGPT's character ids: 65 of them, in code point order. */
    @Test
    void shouldNumberThe65CharactersOfShakespeareInCodePointOrder() throws IOException {
        byte[] text = BpeTrainerTest.corpus("tiny-shakespeare.txt");
        ByteLevelBpe tokenizer = train(new String(text, StandardCharsets.UTF_8), List.of(), false);
        assertThat(tokenizer.vocabSize()).isEqualTo(65);
        assertThat(tokenizer.encode("\n !az")).containsExactly(0, 1, 2, 39, 64);
        assertThat(tokenizer.encode(new String(text, StandardCharsets.UTF_8))).hasSize(text.length);
    }

    @Test
    void shouldTakeEachCharacterAsOneTokenWhenItHasSeveralBytes() {
        ByteLevelBpe tokenizer = train("中a👋é", List.of("<|endoftext|>"), false);
        assertThat(tokenizer.vocabSize()).isEqualTo(5);
        assertThat(tokenizer.encode("aé中👋")).containsExactly(1, 2, 3, 4);
        assertThat(tokenizer.endOfTextId()).isZero();
    }

    @Test
    void shouldEncodeAnyBytesWhenThereIsByteFallback() {
        ByteLevelBpe tokenizer = train("中a", List.of("<|endoftext|>"), true);
        assertThat(tokenizer.vocabSize()).isEqualTo(1 + 256 + 1);
        assertThat(tokenizer.encode("中")).containsExactly(257);
        int[] ids = tokenizer.encode("文👋");
        assertThat(ids).hasSize(7);
        assertThat(new String(tokenizer.decode(ids, 0, 7), StandardCharsets.UTF_8))
                .isEqualTo("文👋");
    }

    private static ByteLevelBpe train(String text, List<String> specialTokens, boolean byteFallback) {
        CharTrainer trainer = new CharTrainer(specialTokens, byteFallback);
        PreTokenCounter counter = new PreTokenCounter(PreTokenPattern.CHAR);
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        counter.add(utf8, 0, utf8.length);
        counter.drainTo(trainer);
        return new ByteLevelBpe(trainer.train());
    }
}
