package io.polyglow.dataprep.spark;

import io.polyglow.common.store.Store;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Runs stages whose results stay: one that is there is read, one that is not is made, by one Spark job group and one rename. */
final class Stages {
    /** Where the rows of a table lie in the directory of its stage. */
    static final String ROWS = "/rows";

    private static final String WORK = "/work";

    private final SparkSession spark;
    private final StageTracker tracker;
    private final StageDirectory directory;
    private final Set<StageKey> used = new LinkedHashSet<>();
    private final Map<StageKey, StructType> columns = new HashMap<>();

    Stages(SparkSession spark, StageTracker tracker, StageDirectory directory) {
        this.spark = spark;
        this.tracker = tracker;
        this.directory = directory;
    }

    /** What a stage that writes files does with the directory it is given, see {@link #files}. */
    @FunctionalInterface
    interface Writer {
        /** Writes all files of the result below {@code path} of the store. */
        void write(Store store, String path) throws IOException;
    }

    /** The table that {@code make} makes, from disk: whoever reads it twice does not make it twice. */
    Dataset<Row> table(String title, StageKey key, Supplier<Dataset<Row>> make) throws IOException {
        files(title, key, (store, path) -> columns.put(key, write(make.get(), path)));
        return open(title, key);
    }

    /**
     * As {@link #table}, for a stage that takes several steps, whose tables lie in a directory of their own beside the rows.
     *
     * @param steps how many, see {@link WorkTables#write}; the last one, which writes the rows, included
     */
    Dataset<Row> tableWithWork(String title, StageKey key, int steps, Function<WorkTables, Dataset<Row>> make)
            throws IOException {
        files(title, key, steps, (store, path) -> {
            Dataset<Row> rows = make.apply(new WorkTables(spark, directory.uri(path + WORK)));
            tracker.describe(title);
            columns.put(key, write(rows, path));
            store.delete(path + WORK);
        });
        return open(title, key);
    }

    /** Returns the columns. */
    private StructType write(Dataset<Row> rows, String path) {
        tracker.expectPasses(StagePasses.of(rows));
        rows.write().mode(SaveMode.Overwrite).parquet(directory.uri(path + ROWS));
        return rows.schema();
    }

    /** Tells, in Spark's UI, what the step at hand does now: its name, a colon, and more. */
    void describe(String what) {
        spark.sparkContext().setJobDescription(what);
    }

    private Dataset<Row> open(String title, StageKey key) {
        return columns.containsKey(key)
                ? table(key)
                : tracker.named("open what \"" + title + "\" made", () -> table(key));
    }

    /** The table of a stage that has run. Spark runs a job to learn its columns, once. */
    Dataset<Row> table(StageKey key) {
        StructType known = columns.computeIfAbsent(
                key, unread -> spark.read().parquet(uri(unread)).schema());
        return spark.read().schema(known).parquet(uri(key));
    }

    private String uri(StageKey key) {
        return directory.uri(directory.path(key) + ROWS);
    }

    /** Path in the {@link StageDirectory#store store} of the files that {@code writer} writes. */
    String files(String title, StageKey key, Writer writer) throws IOException {
        return files(title, key, 1, writer);
    }

    private String files(String title, StageKey key, int steps, Writer writer) throws IOException {
        used.add(key);
        if (directory.holds(key)) {
            tracker.skip(title);
            return directory.path(key);
        }
        tracker.run(title, steps, () -> {
            writer.write(directory.store(), directory.begin(key));
            directory.commit(key);
            return key;
        });
        return directory.path(key);
    }

    /** The stages asked for so far. */
    Set<StageKey> used() {
        return used;
    }
}
