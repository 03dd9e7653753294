package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The mix of a whole run: told before shards are written, and kept. */
final class MixedPrepareTest extends PrepareFixture {
    /** Stages as they begin, and notes. */
    private static final class Log implements ProgressListener {
        private final List<String> lines = new ArrayList<>();

        @Override
        public synchronized void progress(Progress progress) {
            if (lines.isEmpty() || !lines.get(lines.size() - 1).equals(progress.name())) {
                lines.add(progress.name());
            }
        }

        @Override
        public synchronized void note(String text) {
            lines.add(text);
        }
    }

    @Test
    void shouldTellWhatWillBeTrainedOnInTokensOfTheTokenizerBeforeShardsAreWritten() throws IOException {
        Log log = new Log();
        PrepareReport report = PrepareJob.run(spark, config("out"), log);

        List<String> lines = log.lines;
        int told = lines.indexOf("measure tokenizer") + 1;
        assertThat(lines.get(told + 1)).isEqualTo("write shards");
        assertThat(lines.get(told)).contains("deu_Latn", "eng_Latn", "rus_Cyrl", "1.000", "all");
        assertThat(planned(mix("out"))).isCloseTo(report.trainTokens(), within(report.trainTokens() / 50));
    }

    @Test
    void shouldGiveLanguagesEqualNumbersOfTokens() throws IOException {
        String budget = "mix.total-tokens=3000";
        prepareOut();
        PrepareReport report = PrepareJob.run(
                spark, config("out", "overwrite=true", "mix.policy=unimax", budget), ProgressListener.SILENT);

        JsonObject mix = mix("out");
        assertThat(mix.getString("policy")).isEqualTo("unimax");
        assertThat(planned(mix)).isCloseTo(3000, within(2L));
        assertThat(tokens(mix, "deu_Latn")).isEqualTo(tokens(mix, "eng_Latn")).isGreaterThan(1000);
        assertThat(report.trainTokens()).isCloseTo(3000, within(300L));
        assertThat(Files.readString(directory.resolve("out/report.html"))).contains("The mix");
    }

    @Test
    void shouldRefuseAWrongWeightBeforeATokenizerIsTrained() {
        Log log = new Log();

        assertThatThrownBy(() -> PrepareJob.run(spark, config("out", "mix.policy=weights", "mix.weights.eng=1"), log))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("mix.weights names eng");
        assertThat(log.lines).contains("keep").doesNotContain("train tokenizer");
    }

    private JsonObject mix(String output) throws IOException {
        return Json.parseObject(
                "mix.json", Files.readAllBytes(directory.resolve(output).resolve("mix.json")));
    }

    private static long planned(JsonObject mix) {
        return mix.getArray("languages").objects().stream()
                .mapToLong(row -> row.getLong("planned_tokens"))
                .sum();
    }

    private static long tokens(JsonObject mix, String language) {
        return mix.getArray("languages").objects().stream()
                .filter(row -> row.getString("language").equals(language))
                .mapToLong(row -> row.getLong("planned_tokens"))
                .findFirst()
                .orElseThrow();
    }
}
