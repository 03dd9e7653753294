package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.common.token.shard.Takedowns;
import io.polyglow.dataprep.filter.FilterConfig;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Annotated documents to ask about: of a corpus that {@code prepare} made, with its settings, or Parquet files with the same columns.
 *
 * @param annotations columns {@code language}, {@code language_score}, {@code bytes}, {@code quality}; without what the reader rejected, which no threshold brings back
 * @param outcomes what became of each document in the run, columns {@code id, reasons, cluster} (see {@link Deduplication}), {@code kept_bytes}, the length of the text that was
 *     kept, null for others, and {@code gone}: whether edits left nothing of it, or it was taken down since; null without a corpus
 * @param texts what the corpus trains on, columns {@code language, text}; null without a corpus
 * @param name of where the settings come from, for errors
 * @param yaml the settings of the run that made the corpus
 * @param recorded what the files of thresholds said when the run read them, whatever they say now; null without a corpus, or with one of an earlier version
 * @param bytesPerToken of each language, as the corpus's tokenizer writes it; empty without a corpus
 */
public record AnnotatedCorpus(
        Dataset<Row> annotations,
        @Nullable Dataset<Row> outcomes,
        @Nullable Dataset<Row> texts,
        String name,
        String yaml,
        @Nullable ThresholdCatalog recorded,
        Map<String, Double> bytesPerToken) {
    /** Bytes of a text that was kept, after all edits. */
    static final String KEPT_BYTES = "kept_bytes";

    /** Whether nothing of a document is in the corpus any more, or ever was, though a run chose it. */
    static final String GONE = "gone";

    private static final String TABLE = "annotations";
    private static final String NO_CORPUS = "input: ''\noutput: ''\n";

    /** Finds the annotations at {@code location}; a DATA error when columns are missing. */
    public static AnnotatedCorpus open(SparkSession spark, String location) throws IOException {
        try (Store store = Stores.open(location)) {
            if (Provenance.exists(store, "")) {
                CorpusTables tables = CorpusTables.open(spark, location);
                Dataset<Row> annotations = readable(tables.table(TABLE), location);
                String yaml = Provenance.read(store, "").configYaml();
                return new AnnotatedCorpus(
                        annotations,
                        outcomes(tables, Takedowns.read(store, "").names()),
                        tables.table("kept"),
                        location + "/prepare.json",
                        yaml,
                        Provenance.thresholds(store, "").orElse(null),
                        bytesPerToken(store));
            }
        }
        Dataset<Row> table = spark.read().parquet(Locations.path(location).toString());
        return new AnnotatedCorpus(readable(table, location), null, null, "the defaults", NO_CORPUS, null, Map.of());
    }

    /** @param takenDown see {@link Takedowns#names} */
    private static Dataset<Row> outcomes(CorpusTables tables, Set<String> takenDown) {
        Column emptied = Deduplication.isKept().and(col(KEPT_BYTES).isNull());
        Column taken = col(DocumentTable.ID)
                .isInCollection(takenDown)
                .or(col(DocumentTable.CONTENT_HASH).isInCollection(takenDown));
        return tables.table("duplicates")
                .select(DocumentTable.ID, DocumentTable.CONTENT_HASH, Decisions.REASONS, Deduplication.CLUSTER)
                .join(
                        tables.table("kept")
                                .select(
                                        col(DocumentTable.ID),
                                        col(DocumentTable.BYTES).as(KEPT_BYTES)),
                        new String[] {DocumentTable.ID},
                        "left")
                .withColumn(GONE, coalesce(emptied, lit(false)).or(coalesce(taken, lit(false))))
                .drop(DocumentTable.CONTENT_HASH);
    }

    /**
     * The filters of the run that made the corpus (the defaults without a corpus) with these values on top. A directory of thresholds is read only if they name one.
     *
     * @param overrides {@code key=value}; a USAGE error for a key outside of {@code filter}
     */
    Filters filters(List<String> overrides) {
        FilterConfig config = filter(name, yaml, overrides);
        boolean asRecorded = overrides.stream().noneMatch(override -> override.startsWith("filter.thresholds="));
        ThresholdCatalog files =
                recorded != null && asRecorded ? recorded : ThresholdCatalog.files(config.thresholds());
        return new Filters(config.on(), files.with(config));
    }

    /** Refuses values that are none of the filters, before a corpus is at hand; a USAGE error. */
    public static void check(List<String> overrides) {
        filter("the defaults", NO_CORPUS, overrides);
    }

    private static FilterConfig filter(String name, String yaml, List<String> overrides) {
        for (String override : overrides) {
            if (!override.startsWith("filter.")) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "\"" + override
                                + "\" cannot be answered from the annotations: only keys of filter can, such as"
                                + " filter.language-score=0.75.");
            }
        }
        return ConfigFile.load(PrepareConfig.class, name, yaml, overrides)
                .value()
                .filter();
    }

    private static Dataset<Row> readable(Dataset<Row> annotations, String location) {
        List<String> columns = Arrays.asList(annotations.columns());
        for (String needed :
                List.of(DocumentTable.LANGUAGE, Annotations.LANGUAGE_SCORE, DocumentTable.BYTES, Annotations.QUALITY)) {
            if (!columns.contains(needed)) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        location + " has no column " + needed + ", so it holds no annotations of documents; it has "
                                + String.join(", ", columns) + ".");
            }
        }
        String quality =
                annotations.schema().apply(Annotations.QUALITY).dataType().catalogString();
        if (!quality.equals(QualityColumns.SCHEMA.catalogString())) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    location + " holds annotations of another version of Polyglow, which measured other numbers ("
                            + quality + "). Prepare the corpus again, or ask with the version that made it.");
        }
        return annotations.filter(col(Annotations.QUALITY).isNotNull());
    }

    private static Map<String, Double> bytesPerToken(Store store) throws IOException {
        Map<String, Double> ratios = new TreeMap<>();
        for (LanguageCount count : CorpusManifest.read(store, "").languages()) {
            if (count.tokens() > 0 && count.bytes() > 0) {
                ratios.put(count.language(), (double) count.bytes() / count.tokens());
            }
        }
        return ratios;
    }
}
