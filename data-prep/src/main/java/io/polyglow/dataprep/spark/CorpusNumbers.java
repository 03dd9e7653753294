package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.substring;

import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.report.CorpusReport;
import io.polyglow.dataprep.report.CorpusReport.Fact;
import io.polyglow.dataprep.report.CorpusReport.Sample;
import io.polyglow.dataprep.report.CorpusReport.Table;
import io.polyglow.dataprep.report.CorpusSums;
import io.polyglow.dataprep.report.CorpusSums.Chosen;
import io.polyglow.dataprep.report.CorpusSums.Outcome;
import io.polyglow.dataprep.report.SourceGroups;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Counts what the report shows: one pass over what became of each document, one over the texts that are kept. */
final class CorpusNumbers {
    private static final int SAMPLE_CHARACTERS = 800;

    private final Dataset<Row> documents;
    private final Dataset<Row> kept;
    private final CorpusSums sums;

    /**
     * Counts.
     *
     * @param documents the texts as they were read
     * @param duplicates what became of each document, see {@link Deduplication}
     * @param kept the texts that are trained on
     * @param sources paths of the input files
     */
    CorpusNumbers(Dataset<Row> documents, Dataset<Row> duplicates, Dataset<Row> kept, Collection<String> sources) {
        CorpusSums none = new CorpusSums(SourceGroups.of(sources));
        this.documents = documents;
        this.kept = kept;
        CorpusSums outcomes =
                duplicates.javaRDD().map(CorpusNumbers::outcome).aggregate(none, CorpusSums::add, CorpusSums::merge);
        CorpusSums texts = kept.select(DocumentTable.LANGUAGE, DocumentTable.BYTES)
                .javaRDD()
                .aggregate(
                        none, (counted, row) -> counted.addKept(row.getString(0), row.getLong(1)), CorpusSums::merge);
        sums = outcomes.merge(texts);
    }

    private static Outcome outcome(Row row) {
        String id = row.getAs(DocumentTable.ID);
        return new Outcome(
                id,
                new Place(row.getAs(DocumentTable.SOURCE), row.getAs(DocumentTable.POSITION), 0),
                row.getAs(DocumentTable.LANGUAGE),
                row.getAs(Annotations.LANGUAGE_SCORE),
                row.getAs(DocumentTable.BYTES),
                row.getList(row.fieldIndex(Decisions.REASONS)),
                row.getAs(Deduplication.CLUSTER_SIZE),
                Deduplication.isKept(row));
    }

    /** Number of rejected documents by kind of reason. */
    Map<String, Long> rejected() {
        Map<String, Long> counts = new HashMap<>();
        sums.reasons().forEach(reason -> counts.put(reason.kind(), reason.documents()));
        return counts;
    }

    /** All that the report shows. */
    CorpusReport report(String title, CorpusManifest manifest, List<Table> tables, String config) {
        Map<String, Long> tokens = new HashMap<>();
        for (LanguageCount language : manifest.languages()) {
            tokens.put(language.language(), language.tokens());
        }
        List<Table> all = new ArrayList<>(sums.sources());
        all.addAll(tables);
        List<Sample> samples = new ArrayList<>(samples(kept, sums.keptSamples()));
        samples.addAll(samples(documents, sums.leftSamples()));
        return new CorpusReport(
                title,
                facts(manifest),
                sums.steps(),
                sums.languages(tokens),
                sums.reasons(),
                sums.clusters(),
                List.of(sums.lengths(), sums.scores()),
                all,
                samples,
                config);
    }

    private static List<Fact> facts(CorpusManifest manifest) {
        return List.of(
                fact("input files", manifest.sources().size()),
                fact("documents", manifest.documents()),
                fact("languages", manifest.languages().size()),
                fact("tokens to train on", manifest.tokens("train")),
                fact("tokens held out", manifest.tokens("validation")),
                fact("vocabulary", manifest.vocabSize()),
                new Fact("fingerprint", manifest.fingerprint().substring(0, 12)));
    }

    private static Fact fact(String name, long number) {
        return new Fact(name, String.format(Locale.ROOT, "%,d", number));
    }

    private static List<Sample> samples(Dataset<Row> texts, List<Chosen> chosen) {
        Map<String, String> beginnings = new HashMap<>();
        for (Row row : texts.filter(col(DocumentTable.ID)
                        .isInCollection(chosen.stream().map(Chosen::id).toList()))
                .select(
                        col(DocumentTable.ID),
                        substring(coalesce(col(DocumentTable.TEXT), lit("")), 1, SAMPLE_CHARACTERS))
                .collectAsList()) {
            beginnings.put(row.getString(0), row.getString(1));
        }
        return chosen.stream()
                .map(one ->
                        new Sample(one.place(), one.language(), one.reasons(), beginnings.getOrDefault(one.id(), "")))
                .toList();
    }
}
