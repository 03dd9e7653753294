package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The tables that {@code prepare} keeps beside a corpus, in {@code CORPUS.stages}: what was read, what was decided of it, and why. */
public final class CorpusTables {
    private final SparkSession spark;
    private final Map<String, String> locations;

    private CorpusTables(SparkSession spark, Map<String, String> locations) {
        this.spark = spark;
        this.locations = locations;
    }

    /** Finds the tables of a corpus; a DATA error when it was not made by {@code prepare}, or when they are gone. */
    public static CorpusTables open(SparkSession spark, String corpus) throws IOException {
        String trimmed = Locations.trimmed(corpus);
        Map<String, String> stages;
        try (Store store = Stores.open(trimmed)) {
            if (!Provenance.exists(store, "")) {
                throw new PolyglowException(
                        ErrorKind.DATA, corpus + " is not a corpus that prepare made: it has no prepare.json.");
            }
            stages = Provenance.stages(store, "");
        }
        Map<String, String> locations = new TreeMap<>();
        try (Store store = Stores.open(trimmed + ".stages")) {
            for (Map.Entry<String, String> stage : stages.entrySet()) {
                if (store.exists(stage.getValue() + Stages.ROWS)) {
                    locations.put(stage.getKey(), store.root() + "/" + stage.getValue() + Stages.ROWS);
                }
            }
        }
        if (locations.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The tables of " + corpus + " are not at " + trimmed
                            + ".stages, where prepare keeps them. Put them back, or prepare the corpus again.");
        }
        return new CorpusTables(spark, locations);
    }

    /** A table by name. */
    public Dataset<Row> table(String name) {
        if (name.equals(Outcomes.TABLE)) {
            return Outcomes.of(table("duplicates"), table("kept"));
        }
        return spark.read().parquet(path(name).toString());
    }

    /** Length of a table's files. */
    long bytes(String name) throws IOException {
        Path path = path(name);
        return Locations.fileSystem(path, spark.sessionState().newHadoopConf())
                .getContentSummary(path)
                .getLength();
    }

    private Path path(String name) {
        String location = locations.get(name);
        if (location == null) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "There is no table " + name + "; there are " + String.join(", ", names()) + ".");
        }
        return Locations.path(location);
    }

    /** Makes every table a view of its own name, for SQL. */
    public void createViews() {
        names().forEach(name -> table(name).createOrReplaceTempView(name));
    }

    /** The names of the tables, in order. */
    public Collection<String> names() {
        TreeSet<String> names = new TreeSet<>(locations.keySet());
        if (names.containsAll(List.of("duplicates", "kept"))) {
            names.add(Outcomes.TABLE);
        }
        return names;
    }
}
