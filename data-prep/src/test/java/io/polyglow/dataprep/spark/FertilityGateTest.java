package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What ends a run between the tokenizer and the shards: a language that pays too much, a text that is lost. */
@Tag("nightly")
class FertilityGateTest extends PrepareFixture {
    private Path texts;

    @BeforeEach
    void makeParallelTexts() throws IOException {
        texts = Files.createDirectories(directory.resolve("texts"));
        Files.writeString(texts.resolve("README.txt"), "not in a language of that name");
        Files.writeString(texts.resolve("eng.txt"), "everybody");
        Files.writeString(texts.resolve("deu_1901.txt"), "jedermann");
        Files.writeString(texts.resolve("deu_1996.html"), "<html><body><p>alle</p></body></html>");
        Files.writeString(texts.resolve("ru.txt"), "все");
        Files.writeString(texts.resolve("swh_Latn.txt"), "a language that the corpus lacks");
    }

    /** Per character the Russian text of the corpus costs more than 1.2 times the English. */
    @Test
    void shouldMeasurePremiumsOnParallelTextsWhenThereAreSome() throws IOException {
        List<String> notes = new ArrayList<>();
        PrepareConfig config = config("out", "tokenizer.premium-texts=" + texts, "tokenizer.max-premium=1.2");

        PrepareJob.run(spark, config, noting(notes));

        JsonObject fertility = Json.parseObject("f", Files.readAllBytes(directory.resolve("out/fertility.json")));
        assertThat(fertility.getString("premium_of")).isEqualTo("parallel texts");
        assertThat(fertility.getArray("parallel_texts").objects())
                .extracting(row -> row.getString("language") + " " + row.getLong("texts"))
                .containsExactly("deu_Latn 2", "eng_Latn 1", "rus_Cyrl 1");
        assertThat(fertility.getArray("languages").objects())
                .extracting(row -> row.getString("language") + " " + (row.get("premium") != null))
                .containsExactlyInAnyOrder("deu_Latn true", "eng_Latn true", "fra_Latn false", "rus_Cyrl true");
        assertThat(notes)
                .filteredOn(note -> note.contains("premium"))
                .containsExactly("tokenizer.premium-texts has no text in [fra_Latn]: no premium is known.");
    }

    @Test
    void shouldMeasureAStandingOutputAgainWhenTheParallelTextsAreOthers() throws IOException {
        prepareOut();
        Files.writeString(texts.resolve("ru.txt"), "каждый человек");
        PrepareConfig config = config("out", "tokenizer.premium-texts=" + texts, "tokenizer.max-premium=1.2");

        assertThatThrownBy(() -> PrepareJob.run(spark, config, ProgressListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContainingAll("1 of 3 languages", "rus_Cyrl", "by parallel texts");

        Files.writeString(texts.resolve("ru.txt"), "все");
        assertThat(PrepareJob.run(spark, config, ProgressListener.SILENT).reused())
                .isTrue();
    }

    @Test
    void shouldEndWhenAByteLevelTokenizerDoesNotGiveBackATextAndHasNoPremiumToKeep() throws IOException {
        Path file = Files.writeString(directory.resolve("lossy.json"), byteLevelWithoutCyrillic());

        assertThatThrownBy(
                        () -> PrepareJob.run(spark, config("out", "tokenizer.file=" + file), ProgressListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContainingAll("does not give back every text", "[rus_Cyrl]", "tokenizer.file");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void shouldSayWhatIsWrongWithTheParallelTextsBeforeAnyWork() throws IOException {
        Path nameless = Files.createDirectories(directory.resolve("nameless"));
        Files.writeString(nameless.resolve("README.txt"), "x");

        assertThatThrownBy(() -> PrepareJob.check(config("out", "tokenizer.premium-texts=" + nameless)))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContainingAll("tokenizer.premium-texts", nameless.toString(), "deu.html");
        assertThatThrownBy(() -> PrepareJob.check(config("out", "tokenizer.premium-texts=" + directory + "/none")))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContainingAll("tokenizer.premium-texts", "does not exist");
    }

    @Test
    void shouldEndWhenNoParallelTextIsInALanguageOfTheCorpus() throws IOException {
        Path foreign = Files.createDirectories(directory.resolve("foreign"));
        Files.writeString(foreign.resolve("swh.txt"), "binadamu wote");

        assertThatThrownBy(() -> PrepareJob.run(
                        spark, config("out", "tokenizer.premium-texts=" + foreign), ProgressListener.SILENT))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContainingAll("tokenizer.premium-texts", "rus_Cyrl");
    }

    /** A unigram model over printable ASCII and the two bytes of an e with circumflex. */
    private static String byteLevelWithoutCyrillic() {
        String tokens = IntStream.concat("ĠĊÃª".chars(), IntStream.range('!', 127))
                .mapToObj(c -> c == '"' || c == '\\' ? "\\" + (char) c : Character.toString(c))
                .map(token -> "[\"" + token + "\",-5.0]")
                .collect(Collectors.joining(","));
        return """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
                "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
                "post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
                "model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",-20.0],%s],"byte_fallback":false}}"""
                .formatted(tokens);
    }
}
