package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.dataprep.sample.SampleConfig;
import io.polyglow.dataprep.sample.SampleCorpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped configs on the corpora that they are for. */
class RealCorporaTest {
    private static final Path ROOT = Path.of(System.getProperty("polyglow.root"));
    private static final Path CORPORA = Path.of(System.getProperty("polyglow.corpora"));

    @TempDir
    Path directory;

    @Test
    @Tag("nightly")
    void shouldPrepareTheDeclarationOfHumanRightsInAllLanguages() {
        PrepareReport report = prepare("udhr", CORPORA.resolve("udhr"), "tokenizer.vocab-size=2000");

        assertThat(report.files()).isEqualTo(532);
        assertThat(report.total().documents() + report.rejectedDocuments()).isEqualTo(532);
        assertThat(report.total().documents()).isGreaterThan(525);
        assertThat(report.languages())
                .hasSizeGreaterThan(400)
                .extracting(LanguageCount::language)
                .contains("deu_Latn", "smn_Latn", "cmn_Hani", "uzn_Cyrl");
        assertThat(report.total().bytes()).isGreaterThan(6_500_000);
        assertThat(report.total().tokens()).isLessThan(report.total().bytes() / 2);
    }

    @Test
    void shouldPrepareTinyShakespeareByCharacters() {
        PrepareReport report = prepare("shakespeare-char", CORPORA.resolve("tiny-shakespeare.txt"));

        assertThat(report.vocabSize()).isEqualTo(66);
        assertThat(report.trainTokens()).isEqualTo(1_003_854 + 1);
        assertThat(report.validationTokens()).isEqualTo(111_540 + 1);
    }

    @Test
    void shouldPrepareTheSampleCorpusWithoutItsHeldOutNumbers() throws IOException {
        try (LocalStore store = new LocalStore(directory)) {
            SampleCorpus.Summary summary = new SampleCorpus(SampleConfig.DEFAULT).write(store, "sample");

            PrepareReport report = prepare("quickstart", directory.resolve("sample/train"));

            assertThat(summary.heldOutLines()).isEqualTo(500);
            assertThat(Files.readAllLines(directory.resolve("sample/heldout.jsonl")))
                    .hasSize(500)
                    .first()
                    .asString()
                    .startsWith("{\"language\":\"de\",\"number\":")
                    .contains("\"prompt\":\"de | ")
                    .contains(" |\",\"answer\":");
            assertThat(report.total().documents() + report.rejectedDocuments()).isEqualTo(summary.trainingLines());
            assertThat(report.languages()).hasSize(10);
            assertThat(report.vocabSize()).isEqualTo(1024);
        }
    }

    private PrepareReport prepare(String config, Path input, String... overrides) {
        assumeTrue(Files.exists(input), input + " is not there");
        List<String> all = new java.util.ArrayList<>(List.of("input=" + input, "output=" + directory.resolve("out")));
        all.addAll(List.of(overrides));
        PrepareConfig prepare = ConfigFile.read(
                        PrepareConfig.class, ROOT.resolve("configs/prepare/" + config + ".yaml"), all)
                .value();
        return PrepareJob.run(LocalSpark.session(), prepare, ProgressListener.SILENT);
    }
}
