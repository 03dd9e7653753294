package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.substring;

import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.dataprep.doc.Edits;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.Rejections;
import io.polyglow.dataprep.pii.PiiPolicy;
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
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Counts what the report shows: one pass over what became of each document, one over the texts that are kept. Samples of what was left out show personal data no
 * more than kept texts do, and nothing at all of a text that was taken down or left out for its personal data.
 */
final class CorpusNumbers {
    private static final int SAMPLE_CHARACTERS = 800;

    private static final String WITHHELD = "[not shown]";
    private static final StructType TEXT = new StructType()
            .add(DocumentTable.ID, DataTypes.StringType, false)
            .add(DocumentTable.TEXT, DataTypes.StringType, false);

    private final Dataset<Row> documents;
    private final Dataset<Row> annotations;
    private final Dataset<Row> kept;
    private final PiiPolicy pii;
    private final CorpusSums sums;

    /**
     * Counts.
     *
     * @param documents the texts as they were read
     * @param annotations of these, see {@link Annotations}
     * @param duplicates which documents were chosen to be kept, see {@link Deduplication}
     * @param kept the texts that are trained on
     * @param pii what is done about personal data
     * @param sources paths of the input files
     */
    CorpusNumbers(
            Dataset<Row> documents,
            Dataset<Row> annotations,
            Dataset<Row> duplicates,
            Dataset<Row> kept,
            PiiPolicy pii,
            Collection<String> sources) {
        CorpusSums none = new CorpusSums(SourceGroups.of(sources));
        this.documents = documents;
        this.annotations = annotations;
        this.kept = kept;
        this.pii = pii;
        CorpusSums outcomes = Outcomes.of(duplicates, kept)
                .javaRDD()
                .map(CorpusNumbers::outcome)
                .aggregate(none, CorpusSums::add, CorpusSums::merge);
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
                row.getAs(Deduplication.DUPLICATE),
                row.getAs(Deduplication.CLUSTER_SIZE));
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
        List<Chosen> chosen = sums.keptSamples();
        List<Sample> samples = new ArrayList<>(samples(chosen, beginnings(kept.filter(isOneOf(chosen)))));
        samples.addAll(samplesOfLeft());
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

    private List<Sample> samplesOfLeft() {
        Map<Boolean, List<Chosen>> chosen = sums.leftSamples().stream()
                .collect(Collectors.partitioningBy(one -> one.reasons().stream().anyMatch(CorpusNumbers::isPrivate)));
        Map<String, String> beginnings = new HashMap<>();
        chosen.getOrDefault(true, List.of()).forEach(one -> beginnings.put(one.id(), WITHHELD));
        beginnings.putAll(beginnings(redacted(chosen.getOrDefault(false, List.of()))));
        return samples(sums.leftSamples(), beginnings);
    }

    private static boolean isPrivate(String reason) {
        return reason.equals(Rejections.TAKEN_DOWN) || reason.startsWith(PiiPolicy.REASON);
    }

    /** Texts as they were read, but for personal data. */
    private Dataset<Row> redacted(List<Chosen> chosen) {
        PiiPolicy policy = pii;
        MapFunction<Row, Row> redact = row -> {
            String text = row.getString(1);
            return RowFactory.create(
                    row.getString(0), Edits.apply(text, policy.edits(text, PiiColumns.spans(row.getList(2)))));
        };
        // what the reader rejected has no text that was looked at
        return documents
                .filter(isOneOf(chosen))
                .select(DocumentTable.ID, DocumentTable.TEXT)
                .join(
                        annotations
                                .filter(isOneOf(chosen).and(col(Annotations.PII).isNotNull()))
                                .select(DocumentTable.ID, Annotations.PII),
                        DocumentTable.ID)
                .map(redact, Encoders.row(TEXT));
    }

    private static Column isOneOf(List<Chosen> chosen) {
        return col(DocumentTable.ID)
                .isInCollection(chosen.stream().map(Chosen::id).toList());
    }

    private static Map<String, String> beginnings(Dataset<Row> texts) {
        Map<String, String> beginnings = new HashMap<>();
        for (Row row : texts.select(col(DocumentTable.ID), substring(col(DocumentTable.TEXT), 1, SAMPLE_CHARACTERS))
                .collectAsList()) {
            beginnings.put(row.getString(0), row.getString(1));
        }
        return beginnings;
    }

    private static List<Sample> samples(List<Chosen> chosen, Map<String, String> beginnings) {
        return chosen.stream()
                .map(one ->
                        new Sample(one.place(), one.language(), one.reasons(), beginnings.getOrDefault(one.id(), "")))
                .toList();
    }
}
