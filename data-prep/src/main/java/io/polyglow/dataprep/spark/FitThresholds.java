package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.filter.ThresholdFit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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
import scala.Tuple3;

/**
 * Thresholds per language, fitted to annotated documents: histograms by a shuffle, quantiles where the histogram of a language meets.
 *
 * @param files contents by language label
 * @param unscored languages among them for which {@code language-score} is not fitted: the detector gave too few of their documents a score
 */
public record FitThresholds(Map<String, String> files, List<String> unscored) {
    private static final StructType BIN = new StructType()
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add("measure", DataTypes.IntegerType, false)
            .add("bin", DataTypes.IntegerType, false);

    /** Fits to a corpus: its annotations and, where it has texts, its stop words. A DATA error when it does not tell what the detector thinks. */
    public static FitThresholds of(AnnotatedCorpus corpus, double tail, long minDocuments) {
        if (!Arrays.asList(corpus.annotations().columns()).contains(Annotations.LANGUAGES)) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The annotations have no column " + Annotations.LANGUAGES
                            + ", whose opinions of the detector language-score is fitted to. Give the output of prepare, or its table annotations.");
        }
        Map<String, List<String>> stopWords = corpus.texts() == null ? Map.of() : FrequentWords.of(corpus.texts());
        return of(corpus.annotations(), stopWords, tail, minDocuments);
    }

    /**
     * The same for any partitioning.
     *
     * @param annotations columns {@code language}, {@code languages}, {@code quality}
     * @param stopWords by language; languages without keep those of their built-in file
     * @param tail see {@link ThresholdFit#yaml}
     * @param minDocuments languages with fewer have no result, and those with fewer scores no {@code language-score}
     */
    static FitThresholds of(
            Dataset<Row> annotations, Map<String, List<String>> stopWords, double tail, long minDocuments) {
        FlatMapFunction<Row, Row> bins = FitThresholds::bins;
        MapFunction<Row, String> language = row -> row.getString(0);
        MapGroupsFunction<String, Row, Tuple3<String, String, Boolean>> fit =
                (label, rows) -> fitted(label, rows, stopWords.getOrDefault(label, List.of()), tail, minDocuments);
        Map<String, String> files = new TreeMap<>();
        List<String> unscored = new ArrayList<>();
        annotations
                .select(
                        col(DocumentTable.LANGUAGE),
                        LanguageColumns.score(col(Annotations.LANGUAGES), col(DocumentTable.LANGUAGE)),
                        col(Annotations.QUALITY))
                .flatMap(bins, Encoders.row(BIN))
                .groupBy(col(DocumentTable.LANGUAGE), col("measure"), col("bin"))
                .agg(count(lit(1)))
                .groupByKey(language, Encoders.STRING())
                .mapGroups(fit, Encoders.tuple(Encoders.STRING(), Encoders.STRING(), Encoders.BOOLEAN()))
                .collectAsList()
                .stream()
                .filter(file -> !file._2().isEmpty())
                .sorted(Comparator.comparing(Tuple3::_1))
                .forEach(file -> {
                    files.put(file._1(), file._2());
                    if (!file._3()) {
                        unscored.add(file._1());
                    }
                });
        return new FitThresholds(files, unscored);
    }

    private static Iterator<Row> bins(Row row) {
        int[] bins =
                ThresholdFit.bins(QualityColumns.stats(row.getStruct(2)), row.isNullAt(1) ? null : row.getDouble(1));
        return IntStream.range(0, bins.length)
                .filter(measure -> bins[measure] >= 0)
                .mapToObj(measure -> RowFactory.create(row.getString(0), measure, bins[measure]))
                .iterator();
    }

    /** Label, file, which is empty for a language of too few documents, and whether it has a {@code language-score}. */
    private static Tuple3<String, String, Boolean> fitted(
            String label, Iterator<Row> rows, List<String> stopWords, double tail, long minDocuments) {
        ThresholdFit fit = new ThresholdFit();
        rows.forEachRemaining(row -> fit.add(row.getInt(1), row.getInt(2), row.getLong(3)));
        long minScored = Math.max(1, minDocuments);
        String yaml = fit.documents() < minDocuments ? "" : fit.yaml(tail, minScored, stopWords);
        return new Tuple3<>(label, yaml, fit.scored() >= minScored);
    }
}
