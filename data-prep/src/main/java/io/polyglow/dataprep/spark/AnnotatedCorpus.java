package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.dataprep.filter.FilterConfig;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Annotated documents to ask about: of a corpus that {@code prepare} made, with its settings, or Parquet files with the same columns.
 *
 * @param annotations columns {@code language}, {@code language_score}, {@code bytes}, {@code quality}; without what the reader rejected, which no threshold brings back
 * @param outcomes what became of each document in the run, columns {@code id, reasons, cluster} (see {@link Deduplication}) and {@code kept_bytes}, the length of the text that was
 *     kept, null for others; null without a corpus
 * @param texts what the corpus trains on, columns {@code language, text}; null without a corpus
 * @param name of where the settings come from, for errors
 * @param yaml the settings of the run that made the corpus
 * @param bytesPerToken of each language, as the corpus's tokenizer writes it; empty without a corpus
 */
public record AnnotatedCorpus(
        Dataset<Row> annotations,
        @Nullable Dataset<Row> outcomes,
        @Nullable Dataset<Row> texts,
        String name,
        String yaml,
        Map<String, Double> bytesPerToken) {
    /** Bytes of a text that was kept, after all edits. */
    static final String KEPT_BYTES = "kept_bytes";

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
                        outcomes(tables),
                        tables.table("kept"),
                        location + "/prepare.json",
                        yaml,
                        bytesPerToken(store));
            }
        }
        Dataset<Row> table = spark.read().parquet(Locations.path(location).toString());
        return new AnnotatedCorpus(readable(table, location), null, null, "the defaults", NO_CORPUS, Map.of());
    }

    private static Dataset<Row> outcomes(CorpusTables tables) {
        return tables.table("duplicates")
                .select(DocumentTable.ID, Decisions.REASONS, Deduplication.CLUSTER)
                .join(
                        tables.table("kept")
                                .select(
                                        col(DocumentTable.ID),
                                        col(DocumentTable.BYTES).as(KEPT_BYTES)),
                        new String[] {DocumentTable.ID},
                        "left");
    }

    /**
     * The filters of the run that made the corpus (the defaults without a corpus) with these values on top.
     *
     * @param overrides {@code key=value}; a USAGE error for a key outside of {@code filter}
     */
    public FilterConfig filter(List<String> overrides) {
        return filter(name, yaml, overrides);
    }

    /** The default filters with these values on top, to check them before a corpus is at hand. */
    public static FilterConfig defaultFilter(List<String> overrides) {
        return filter("the defaults", NO_CORPUS, overrides);
    }

    private static FilterConfig filter(String name, String yaml, List<String> overrides) {
        for (String override : overrides) {
            if (!override.startsWith("filter.")) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "\"" + override
                                + "\" cannot be answered from the annotations: only keys of filter can, such as filter.language-score=0.75.");
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
