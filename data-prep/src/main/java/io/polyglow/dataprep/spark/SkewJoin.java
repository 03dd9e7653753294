package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.sequence;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Joins a long table with one that has each key once, where some keys may have most of the rows: the rows of such a key are spread over pieces, and its
 * one partner is copied to each piece. No task gets more than a thousandth of the rows for the sake of one key. Fewer than a thousand keys can be
 * that frequent, so the list of them is small, whatever the data.
 */
final class SkewJoin {
    private static final int PIECES = 1000;
    private static final long ALWAYS_FINE = 1000;
    private static final String PIECE = "piece";
    private static final String PIECES_OF_KEY = "pieces";

    private SkewJoin() {}

    /** How many rows a key may have without being spread. */
    static long limit(long rows) {
        return Math.max(ALWAYS_FINE, rows / PIECES);
    }

    /**
     * The inner join.
     *
     * @param rows read twice when there are many, so a written table or little more
     * @param atMost how many rows there are, or some more
     * @param key a column of both
     * @param spread a column of {@code rows} that differs within a key
     * @param table has each key once
     */
    static Dataset<Row> join(Dataset<Row> rows, long atMost, String key, String spread, Dataset<Row> table) {
        return atMost <= ALWAYS_FINE ? rows.join(table, key) : spreading(rows, key, spread, table, limit(atMost));
    }

    /** The inner join with every key of more than {@code limit} rows spread. */
    static Dataset<Row> spreading(Dataset<Row> rows, String key, String spread, Dataset<Row> table, long limit) {
        List<Row> hot = rows.groupBy(key)
                .count()
                .filter(col("count").gt(limit))
                .javaRDD()
                .map(row -> RowFactory.create(row.get(0), (int) ((row.getLong(1) - 1) / limit + 1)))
                .collect();
        if (hot.isEmpty()) {
            return rows.join(table, key);
        }
        StructType schema = new StructType()
                .add(key, rows.schema().apply(key).dataType())
                .add(PIECES_OF_KEY, DataTypes.IntegerType);
        SparkSession spark = rows.sparkSession();
        Dataset<Row> pieces = broadcast(spark.createDataFrame(hot, schema));
        var count = coalesce(col(PIECES_OF_KEY), lit(1));
        Dataset<Row> spreadRows = rows.join(pieces, new String[] {key}, "left")
                .withColumn(PIECE, pmod(xxhash64(col(spread)), count.cast("long")))
                .drop(PIECES_OF_KEY);
        Dataset<Row> copies = table.join(pieces, new String[] {key}, "left")
                .withColumn(PIECE, explode(sequence(lit(0L), count.cast("long").minus(1))))
                .drop(PIECES_OF_KEY);
        return spreadRows.join(copies, new String[] {key, PIECE}).drop(PIECE);
    }
}
