package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.mix.DocumentWeights;
import io.polyglow.dataprep.mix.MixConfig;
import io.polyglow.dataprep.mix.MixGroup;
import io.polyglow.dataprep.mix.MixPlan;
import io.polyglow.dataprep.split.SplitPlan;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/** Adds up what a {@link MixPlan} is made from: the documents of the training side by language and weighted source. */
final class MixTotals {
    private static final long MILLION = 1_000_000;

    private MixTotals() {}

    /**
     * The groups of these texts (see {@link KeptTexts}). Weights are added up as integers, in millionths, so that the sum is the same for
     * any partitioning.
     */
    static List<MixGroup> groups(Dataset<Row> texts, MixConfig config, SplitPlan split) {
        DocumentWeights weights = DocumentWeights.of(config);
        Map<List<String>, long[]> sums = new TreeMap<>(MixTotals::compare);
        texts.select(
                        DocumentTable.ID,
                        DocumentTable.LANGUAGE,
                        DocumentTable.SOURCE,
                        Deduplication.CLUSTER_SIZE,
                        DocumentTable.BYTES)
                .javaRDD()
                .mapToPair(row -> new Tuple2<>(
                        Arrays.asList(row.getString(1), weights.group(row.getString(2))), counts(row, weights, split)))
                .reduceByKey(MixTotals::plus)
                .collect()
                .forEach(sum -> sums.put(sum._1, sum._2));
        return sums.entrySet().stream()
                .filter(sum -> sum.getValue()[0] > 0)
                .map(sum -> group(sum.getKey(), sum.getValue()))
                .toList();
    }

    /** Documents, bytes, and the weighted bytes in two parts, so that no sum overflows: whole bytes and millionths. */
    private static long[] counts(Row row, DocumentWeights weights, SplitPlan split) {
        long bytes = split.trainBytes(row.getString(0), row.getLong(4));
        long millionths = Math.round(bytes * weights.weight(row.getString(2), row.getLong(3)) * MILLION);
        return new long[] {bytes == 0 ? 0 : 1, bytes, millionths / MILLION, millionths % MILLION};
    }

    private static long[] plus(long[] a, long[] b) {
        long[] sum = new long[a.length];
        Arrays.setAll(sum, i -> a[i] + b[i]);
        return sum;
    }

    private static MixGroup group(List<String> key, long[] sum) {
        return new MixGroup(key.get(0), key.get(1), sum[0], sum[1], sum[2] + sum[3] / (double) MILLION);
    }

    private static int compare(List<String> a, List<String> b) {
        int byLanguage = a.get(0).compareTo(b.get(0));
        return byLanguage != 0 ? byLanguage : a.get(1).compareTo(b.get(1));
    }
}
