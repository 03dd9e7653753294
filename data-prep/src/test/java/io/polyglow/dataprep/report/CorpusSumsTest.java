package io.polyglow.dataprep.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.Rejections;
import io.polyglow.dataprep.report.CorpusReport.Cluster;
import io.polyglow.dataprep.report.CorpusReport.Reason;
import io.polyglow.dataprep.report.CorpusReport.Step;
import io.polyglow.dataprep.report.CorpusSums.Chosen;
import io.polyglow.dataprep.report.CorpusSums.Outcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CorpusSumsTest {
    private static final SourceGroups GROUPS = new SourceGroups(1);
    private static final List<String> DUPLICATES = List.of(Rejections.EXACT_DUPLICATE, Rejections.NEAR_DUPLICATE);

    @Test
    void shouldCountWhatBecameOfDocuments() {
        CorpusSums sums = new CorpusSums(GROUPS)
                .add(outcome("a", 100, List.of(), null, 2))
                .add(outcome("b", 100, List.of(), Rejections.NEAR_DUPLICATE, 2))
                .add(outcome("c", 7, List.of("words: 1 < 3", "words: 2 < 3", "chars: 0"), null, 1))
                .addKept("deu_Latn", 90);

        assertThat(sums.steps())
                .containsExactly(
                        new Step("read", 3, 207),
                        new Step("without a reason to go", 2, 200),
                        new Step("trained on", 1, 90));
        assertThat(sums.reasons())
                .containsExactly(
                        new Reason("chars", 1, 7), new Reason("near duplicate", 1, 100), new Reason("words", 1, 7));
        assertThat(sums.clusters()).containsExactly(new Cluster("2", 1, 2));
        assertThat(sums.languages(Map.of("deu_Latn", 30L)))
                .containsExactly(new CorpusReport.Group("deu_Latn", 3, 1, 90, 30));
        assertThat(sums.lengths().bars()).first().isEqualTo(new CorpusReport.Bar("4", 0, 1));
        assertThat(sums.leftSamples()).extracting(Chosen::id).containsExactly("b", "c");
        assertThat(sums.scores().bars()).hasSize(20).startsWith(new CorpusReport.Bar("0.00", 1, 1));
        assertThat(sums.scores().bars().get(1)).isEqualTo(new CorpusReport.Bar("0.05", 0, 1));
        assertThat(sums.sources().get(0).rows())
                .containsExactly(
                        List.of("news/", "2", "200 B", "50.0 %", "50.0 %"),
                        List.of("blogs/", "1", "7 B", "0.0 %", "0.0 %"));
    }

    @Test
    void shouldGiveTheSameNumbersAndSamplesInAnyOrderAndFromAnyParts() {
        List<Outcome> documents = new ArrayList<>();
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            String id = Long.toHexString(random.nextLong());
            boolean kept = random.nextBoolean();
            List<String> reasons = kept || i % 3 == 0 ? List.of() : List.of("rule" + i % 4 + ": x");
            String duplicate = kept || !reasons.isEmpty() ? null : DUPLICATES.get(i % 2);
            documents.add(outcome(id, random.nextInt(5000), reasons, duplicate, 1 + random.nextInt(2000)));
        }
        CorpusSums whole = new CorpusSums(GROUPS);
        documents.forEach(whole::add);

        Collections.shuffle(documents, random);
        CorpusSums parts = new CorpusSums(GROUPS);
        for (int start = 0; start < documents.size(); start += 50) {
            CorpusSums part = new CorpusSums(GROUPS);
            documents.subList(start, start + 50).forEach(part::add);
            parts.merge(part);
        }

        assertThat(parts.steps()).isEqualTo(whole.steps());
        assertThat(parts.reasons()).isEqualTo(whole.reasons());
        assertThat(parts.clusters()).isEqualTo(whole.clusters());
        assertThat(parts.lengths()).isEqualTo(whole.lengths());
        assertThat(parts.scores()).isEqualTo(whole.scores());
        assertThat(parts.sources()).isEqualTo(whole.sources());
        assertThat(parts.keptSamples()).hasSize(2).isEqualTo(whole.keptSamples());
        assertThat(parts.leftSamples()).hasSize(12).isEqualTo(whole.leftSamples());
    }

    private static Outcome outcome(
            String id, long bytes, List<String> reasons, @Nullable String duplicate, long clusterSize) {
        Place place = Place.ofFile(bytes < 50 ? "blogs/web.txt" : "news/web.txt");
        return new Outcome(id, place, "deu_Latn", bytes % 100 / 100.0, bytes, reasons, duplicate, clusterSize);
    }
}
