package io.polyglow.dataprep.split;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.split.SplitPlan.Side;
import java.io.Serializable;
import java.util.Locale;

/**
 * Which shard a document goes to, and its place in it: documents are ordered by a seeded hash of their ids, and the range of the hash is
 * cut evenly. The number of shards depends on the amount of text alone, so partitions, retries and cluster size leave no trace.
 *
 * @param trainShards number of shards of the training side
 * @param validationShards number of shards of the validation side
 */
public record ShardPlan(int trainShards, int validationShards, long seed) implements Serializable {
    private static final String PURPOSE = "order";
    private static final int MAX_SHARDS = 100_000;

    /** Cuts sides of so much text into shards of about {@code shardBytes} each; a side without text has no shard. */
    public static ShardPlan of(long trainBytes, long validationBytes, long shardBytes, long seed) {
        return new ShardPlan(shards(trainBytes, shardBytes), shards(validationBytes, shardBytes), seed);
    }

    /** The same plan for another amount of text to train on. */
    public ShardPlan withTrainBytes(long trainBytes, long shardBytes) {
        return new ShardPlan(shards(Math.max(1, trainBytes), shardBytes), validationShards, seed);
    }

    /** The place of a document in the order of its side: not negative; ties go by id. */
    public long key(String id) {
        return key(id, 0);
    }

    /** The place of a copy of a document, counted from 0: each copy has one of its own. */
    public long key(String id, int copy) {
        return Digest.draw(seed, PURPOSE, copy == 0 ? id : id + '\0' + copy) >>> 1;
    }

    /** Index of the shard among all shards, training side first. */
    public int shard(Side side, long key) {
        return side == Side.TRAIN ? slot(key, trainShards) : trainShards + slot(key, validationShards);
    }

    /** The name of a shard: {@code train-00000} ... {@code validation-00000} ... */
    public String name(int shard) {
        return shard < trainShards ? name("train", shard) : name("validation", shard - trainShards);
    }

    /** The name of a shard of a side, {@code train} or {@code validation}. */
    public static String name(String side, int number) {
        return String.format(Locale.ROOT, "%s-%05d", side, number);
    }

    /** Number of shards of both sides. */
    public int shards() {
        return trainShards + validationShards;
    }

    /** floor(key / 2^63 * slots), so that shards in order hold documents in order. */
    private static int slot(long key, int slots) {
        return (int) Math.multiplyHigh(key, 2L * slots);
    }

    private static int shards(long bytes, long shardBytes) {
        long shards = (bytes + shardBytes - 1) / shardBytes;
        if (shards > MAX_SHARDS) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "A side of the corpus has " + bytes + " bytes of text, " + shards
                            + " shards of shards.text-bytes = "
                            + shardBytes + ", but names have five digits, for " + MAX_SHARDS
                            + ". Raise shards.text-bytes; what has been made so far is used again.");
        }
        return (int) shards;
    }
}
