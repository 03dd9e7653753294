package io.polyglow.dataprep.spark;

import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import io.polyglow.dataprep.tokenize.Fertility;
import io.polyglow.dataprep.tokenize.FertilityCounts;
import io.polyglow.dataprep.tokenize.FertilityReport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import scala.Tuple2;

/** Measures a tokenizer on the kept documents: of each language those with the smallest hashes of their ids, at most {@link #SAMPLE}, so every run measures the same. */
final class FertilityJob {
    /** Documents of a language. */
    static final int SAMPLE = 500;

    private static final String HASH = "hash";

    private FertilityJob() {}

    /**
     * Takes kept documents (see {@link DocumentTable}).
     *
     * @param references languages to measure premiums against
     * @param texts {@link ParallelTexts} to measure them on, or none
     */
    static FertilityReport measure(
            Dataset<Row> kept, Tokenizer tokenizer, List<String> references, List<InputFile> texts) {
        Dataset<Row> hashed = kept.select(
                functions.col(DocumentTable.LANGUAGE),
                functions.col(DocumentTable.TEXT),
                functions.xxhash64(functions.col(DocumentTable.ID)).as(HASH));
        Map<String, Long> last = last(hashed);
        byte[] json = tokenizer.json();
        Map<String, FertilityCounts> languages = new TreeMap<>(hashed.javaRDD()
                .mapPartitionsToPair(rows -> measure(rows, last, json))
                .reduceByKey(FertilityCounts::plus)
                .collectAsMap());
        Set<String> compared = new HashSet<>(languages.keySet());
        compared.addAll(references);
        Map<String, FertilityCounts> parallel =
                ParallelTexts.measure(kept.sparkSession().sessionState().newHadoopConf(), texts, tokenizer, compared);
        return FertilityReport.of(tokenizer.sha256(), tokenizer.vocabSize(), references, languages, parallel);
    }

    /** The largest hash that is in the sample, by language: small, so every task gets all of it. */
    private static Map<String, Long> last(Dataset<Row> hashed) {
        Map<String, Long> last = new HashMap<>();
        hashed.select(DocumentTable.LANGUAGE, HASH)
                .withColumn(
                        "rank",
                        functions
                                .row_number()
                                .over(Window.partitionBy(DocumentTable.LANGUAGE).orderBy(HASH)))
                .filter(functions.col("rank").leq(SAMPLE))
                .groupBy(DocumentTable.LANGUAGE)
                .agg(functions.max(HASH))
                .collectAsList()
                .forEach(row -> last.put(row.getString(0), row.getLong(1)));
        return last;
    }

    private static Iterator<Tuple2<String, FertilityCounts>> measure(
            Iterator<Row> rows, Map<String, Long> last, byte[] json) throws IOException {
        Fertility fertility = new Fertility(TokenizerFile.parse("tokenizer.json", new ByteArrayInputStream(json)));
        Map<String, FertilityCounts> counts = new HashMap<>();
        rows.forEachRemaining(row -> {
            String language = row.getString(0);
            if (row.getLong(2) <= last.getOrDefault(language, Long.MIN_VALUE)) {
                counts.merge(language, fertility.measure(row.getString(1)), FertilityCounts::plus);
            }
        });
        return counts.entrySet().stream()
                .map(entry -> new Tuple2<>(entry.getKey(), entry.getValue()))
                .iterator();
    }
}
