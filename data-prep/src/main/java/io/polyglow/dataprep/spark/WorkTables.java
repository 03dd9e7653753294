package io.polyglow.dataprep.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/**
 * Tables between the steps of one stage, as Parquet in the stage's work directory. A written table has no lineage: a lost executor costs the step at hand,
 * not all before it, and plans stay small however many steps there are.
 */
class WorkTables {
    private final SparkSession spark;
    private final String directory;

    /** Tables below {@code directory}, a URI. */
    WorkTables(SparkSession spark, String directory) {
        this.spark = spark;
        this.directory = directory;
    }

    /** Where a table is. */
    String path(String name) {
        return directory + "/" + name;
    }

    /**
     * Writes the table that {@code make} makes, in place of one that an earlier attempt left, and reads it back. {@code what} describes its Spark jobs and those of
     * {@code make}: a step, and after a colon a part of it.
     */
    Dataset<Row> write(String name, String what, Supplier<Dataset<Row>> make) {
        spark.sparkContext().setJobDescription(what);
        Dataset<Row> rows = make.get();
        rows.write().mode(SaveMode.Overwrite).parquet(path(name));
        return spark.read().schema(rows.schema()).parquet(path(name));
    }

    /** Tells, in Spark's UI, what is made from now on. */
    void describe(String what) {
        spark.sparkContext().setJobDescription(what);
    }

    /** Takes a table away. */
    void delete(String name) {
        Path path = new Path(path(name));
        try {
            path.getFileSystem(spark.sessionState().newHadoopConf()).delete(path, true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
