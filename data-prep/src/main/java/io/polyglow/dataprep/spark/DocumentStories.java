package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;

import io.polyglow.dataprep.doc.Edit;
import io.polyglow.dataprep.filter.Filter;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import io.polyglow.dataprep.pii.PiiConfig.Action;
import io.polyglow.dataprep.pii.PiiSpan;
import io.polyglow.dataprep.spark.DocumentStory.Cut;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Puts together what the tables of a corpus hold of single documents, and, by the settings of its run, what was edited in them. */
final class DocumentStories {
    private static final String KEPT_BYTES = "kept_bytes";
    private static final List<String> EDITING = List.of("contamination", "passages");

    private final CorpusTables tables;
    private final PrepareConfig config;
    private final ThresholdCatalog thresholds;

    /** Tells by the tables of a corpus, the settings of the run that made it, and the thresholds that it had. */
    DocumentStories(CorpusTables tables, PrepareConfig config, ThresholdCatalog thresholds) {
        this.tables = tables;
        this.config = config;
        this.thresholds = thresholds;
    }

    /** The stories of documents, {@code ids} being their column {@code id}, by id. */
    Map<String, DocumentStory> of(Dataset<Row> ids) {
        Map<String, DocumentStory> stories = new TreeMap<>();
        for (Row row : joined(ids).collectAsList()) {
            DocumentStory story = story(row);
            stories.put(story.id(), story);
        }
        return stories;
    }

    private Dataset<Row> joined(Dataset<Row> ids) {
        Dataset<Row> kept = some("kept", ids);
        Dataset<Row> joined = some("documents", ids)
                .select(
                        DocumentTable.ID,
                        DocumentTable.SOURCE,
                        DocumentTable.POSITION,
                        DocumentTable.OFFSET,
                        "url",
                        DocumentTable.CONTENT_HASH,
                        DocumentTable.BYTES)
                .join(
                        Outcomes.of(some("duplicates", ids), kept)
                                .select(
                                        DocumentTable.ID,
                                        DocumentTable.LANGUAGE,
                                        Annotations.LANGUAGE_SCORE,
                                        Decisions.REASONS,
                                        Deduplication.DUPLICATE,
                                        Deduplication.CLUSTER,
                                        Deduplication.CLUSTER_SIZE),
                        DocumentTable.ID)
                .join(
                        some("annotations", ids).select(DocumentTable.ID, Annotations.PII, Annotations.QUALITY),
                        DocumentTable.ID);
        joined = leftJoin(
                joined,
                kept.select(col(DocumentTable.ID), col(DocumentTable.BYTES).as(KEPT_BYTES)));
        for (String table : EDITING) {
            if (tables.names().contains(table)) {
                joined = leftJoin(
                        joined,
                        some(table, ids)
                                .select(
                                        col(DocumentTable.ID),
                                        col(KeptTexts.EDITS).as(table)));
            }
        }
        return joined;
    }

    /** The rows of these documents; first of all, since whole tables are long. */
    private Dataset<Row> some(String table, Dataset<Row> ids) {
        return tables.table(table).join(ids, new String[] {DocumentTable.ID}, "left_semi");
    }

    private static Dataset<Row> leftJoin(Dataset<Row> rows, Dataset<Row> more) {
        return rows.join(more, new String[] {DocumentTable.ID}, "left");
    }

    private DocumentStory story(Row row) {
        boolean kept = !row.isNullAt(row.fieldIndex(KEPT_BYTES));
        return new DocumentStory(
                row.getAs(DocumentTable.ID),
                row.getAs(DocumentTable.SOURCE),
                row.getAs(DocumentTable.POSITION),
                row.getAs(DocumentTable.OFFSET),
                row.getAs("url"),
                row.getAs(DocumentTable.CONTENT_HASH),
                row.getAs(DocumentTable.LANGUAGE),
                row.getAs(Annotations.LANGUAGE_SCORE),
                row.getList(row.fieldIndex(Decisions.REASONS)),
                row.getAs(Deduplication.DUPLICATE),
                row.getAs(Deduplication.CLUSTER),
                row.getAs(Deduplication.CLUSTER_SIZE),
                kept ? redacted(row) : Map.of(),
                kept ? cuts(row) : List.of(),
                row.getAs(DocumentTable.BYTES),
                kept ? row.<Long>getAs(KEPT_BYTES) : 0);
    }

    private Map<String, Long> redacted(Row row) {
        Map<String, Long> counts = new TreeMap<>();
        for (PiiSpan span : PiiColumns.spans(row.getList(row.fieldIndex(Annotations.PII)))) {
            if (config.pii().of(span.kind()) == Action.REDACT) {
                counts.merge(span.kind().label(), 1L, Long::sum);
            }
        }
        return counts;
    }

    private List<Cut> cuts(Row row) {
        List<Cut> cuts = new ArrayList<>();
        if (config.filter().on()) {
            String language = row.getAs(DocumentTable.LANGUAGE);
            add(
                    "c4",
                    Filter.lines(QualityColumns.stats(row.getAs(Annotations.QUALITY)), thresholds.of(language)),
                    cuts);
        }
        for (String table : EDITING) {
            if (tables.names().contains(table) && !row.isNullAt(row.fieldIndex(table))) {
                List<Row> edits = row.getList(row.fieldIndex(table));
                add(
                        table,
                        edits.stream()
                                .map(edit -> Edit.removal(edit.getInt(0), edit.getInt(1)))
                                .toList(),
                        cuts);
            }
        }
        return cuts;
    }

    private static void add(String by, List<Edit> edits, List<Cut> cuts) {
        if (!edits.isEmpty()) {
            long characters =
                    edits.stream().mapToLong(edit -> edit.end() - edit.start()).sum();
            cuts.add(new Cut(by, edits.size(), characters));
        }
    }
}
