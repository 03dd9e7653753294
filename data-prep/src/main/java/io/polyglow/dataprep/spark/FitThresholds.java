package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import io.polyglow.dataprep.filter.ThresholdFit;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.api.java.function.MapGroupsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/** Fits thresholds per language to annotated documents: histograms by a shuffle, quantiles where the histogram of a language meets. */
public final class FitThresholds {
    private static final StructType BIN = new StructType()
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add("measure", DataTypes.IntegerType, false)
            .add("bin", DataTypes.IntegerType, false);

    private FitThresholds() {}

    /** Fits to a corpus: its annotations and, where it has texts, its stop words. */
    public static Map<String, String> of(AnnotatedCorpus corpus, double tail, long minDocuments) {
        Map<String, List<String>> stopWords = corpus.texts() == null ? Map.of() : FrequentWords.of(corpus.texts());
        return of(corpus.annotations(), stopWords, tail, minDocuments);
    }

    /**
     * File contents by language label, the same for any partitioning.
     *
     * @param annotations columns {@code language}, {@code language_score}, {@code quality}
     * @param stopWords by language; languages without keep those of their built-in file
     * @param tail see {@link ThresholdFit#yaml}
     * @param minDocuments languages with fewer have no result
     */
    static Map<String, String> of(
            Dataset<Row> annotations, Map<String, List<String>> stopWords, double tail, long minDocuments) {
        FlatMapFunction<Row, Row> bins = FitThresholds::bins;
        MapFunction<Row, String> language = row -> row.getString(0);
        MapGroupsFunction<String, Row, Tuple2<String, String>> fit = (label, rows) ->
                new Tuple2<>(label, yaml(rows, stopWords.getOrDefault(label, List.of()), tail, minDocuments));
        Map<String, String> files = new TreeMap<>();
        annotations
                .select(DocumentTable.LANGUAGE, Annotations.LANGUAGE_SCORE, Annotations.QUALITY)
                .flatMap(bins, Encoders.row(BIN))
                .groupBy(col(DocumentTable.LANGUAGE), col("measure"), col("bin"))
                .agg(count(lit(1)))
                .groupByKey(language, Encoders.STRING())
                .mapGroups(fit, Encoders.tuple(Encoders.STRING(), Encoders.STRING()))
                .collectAsList()
                .stream()
                .filter(file -> !file._2().isEmpty())
                .forEach(file -> files.put(file._1(), file._2()));
        return files;
    }

    private static Iterator<Row> bins(Row row) {
        int[] bins = ThresholdFit.bins(QualityColumns.stats(row.getStruct(2)), row.getDouble(1));
        return IntStream.range(0, bins.length)
                .mapToObj(measure -> RowFactory.create(row.getString(0), measure, bins[measure]))
                .iterator();
    }

    private static String yaml(Iterator<Row> rows, List<String> stopWords, double tail, long minDocuments) {
        ThresholdFit fit = new ThresholdFit();
        rows.forEachRemaining(row -> fit.add(row.getInt(1), row.getInt(2), row.getLong(3)));
        return fit.documents() < minDocuments ? "" : fit.yaml(tail, stopWords);
    }
}
