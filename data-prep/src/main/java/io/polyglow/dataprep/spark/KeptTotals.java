package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.mix.MixPlan;
import io.polyglow.dataprep.split.ShardPlan;
import io.polyglow.dataprep.split.SplitPlan;
import java.io.Serializable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What has to be known of all kept documents before any of them can be placed.
 *
 * @param validationBytes text of the documents that a split by documents would let validate
 * @param smallestDraw see {@link SplitPlan#draw}
 * @param largestDraw likewise
 */
record KeptTotals(long documents, long bytes, long validationBytes, double smallestDraw, double largestDraw)
        implements Serializable {
    private static final KeptTotals NONE = new KeptTotals(0, 0, 0, 1, 0);

    static KeptTotals of(Dataset<Row> kept, SplitPlan split) {
        return kept.select(DocumentTable.ID, DocumentTable.BYTES)
                .javaRDD()
                .map(row -> of(split.draw(row.getString(0)), row.getLong(1), split))
                .fold(NONE, KeptTotals::plus);
    }

    /** The split of these documents. */
    SplitPlan split(SplitPlan wanted) {
        return wanted.withBothSides(smallestDraw, largestDraw);
    }

    /** How the two sides are cut into shards. */
    ShardPlan shards(SplitPlan split, long shardBytes) {
        long validation = split.mode() == SplitPlan.Mode.CONTIGUOUS
                ? (long) Math.ceil(bytes * split.validation())
                : smallestDraw < split.validation() ? Math.max(1, validationBytes) : 0;
        return ShardPlan.of(Math.max(1, bytes - validation), validation, shardBytes, split.seed());
    }

    /** As above, when the training side is mixed. */
    ShardPlan shards(SplitPlan split, long shardBytes, MixPlan mix) {
        ShardPlan unmixed = shards(split, shardBytes);
        return unmixed.withTrainBytes(mix.plannedBytes(), shardBytes);
    }

    private static KeptTotals of(double draw, long bytes, SplitPlan split) {
        return new KeptTotals(1, bytes, draw < split.validation() ? bytes : 0, draw, draw);
    }

    private KeptTotals plus(KeptTotals other) {
        return new KeptTotals(
                documents + other.documents,
                bytes + other.bytes,
                validationBytes + other.validationBytes,
                Math.min(smallestDraw, other.smallestDraw),
                Math.max(largestDraw, other.largestDraw));
    }
}
