package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.Takedowns;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The tables that {@code prepare} keeps beside a corpus, in {@code CORPUS.stages}: what was read, what was decided of it, and why. */
public final class CorpusTables {
    private static final String DECISIONS = "decisions";
    private static final String DUPLICATES = "duplicates";
    private static final String KEPT = "kept";

    private final SparkSession spark;
    private final Map<String, String> locations;
    private final Set<String> takenDown;

    private CorpusTables(SparkSession spark, Map<String, String> locations, Set<String> takenDown) {
        this.spark = spark;
        this.locations = locations;
        this.takenDown = takenDown;
    }

    /** Finds the tables of a corpus; a DATA error when it was not made by {@code prepare}, or when they are gone. */
    public static CorpusTables open(SparkSession spark, String corpus) throws IOException {
        String trimmed = Locations.trimmed(corpus);
        Map<String, String> stages;
        Set<String> takenDown;
        try (Store store = Stores.open(trimmed)) {
            if (!Provenance.exists(store, "")) {
                throw new PolyglowException(
                        ErrorKind.DATA, corpus + " is not a corpus that prepare made: it has no prepare.json.");
            }
            stages = Provenance.stages(store, "");
            takenDown = Takedowns.read(store, "").names();
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
        return new CorpusTables(spark, locations, takenDown);
    }

    /** A table by name, as {@code prepare} wrote it. */
    public Dataset<Row> table(String name) {
        if (name.equals(Outcomes.TABLE)) {
            return Outcomes.of(table(DUPLICATES), table(KEPT));
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

    /**
     * Makes every table a view of its own name, for SQL. Of documents that were taken down since {@code prepare} wrote the tables, {@code kept} has no row, and {@code decisions},
     * {@code duplicates} and {@code outcomes} have that as their first reason.
     */
    public void createViews() {
        Map<String, Dataset<Row>> views = new TreeMap<>();
        locations.keySet().forEach(name -> views.put(name, table(name)));
        if (!takenDown.isEmpty() && views.containsKey(DUPLICATES)) {
            TakenDown taken = TakenDown.of(table(DUPLICATES), takenDown);
            views.computeIfPresent(DECISIONS, (name, rows) -> taken.marked(rows));
            views.computeIfPresent(DUPLICATES, (name, rows) -> taken.marked(rows));
            views.computeIfPresent(KEPT, (name, rows) -> taken.without(rows));
        }
        Dataset<Row> duplicates = views.get(DUPLICATES);
        Dataset<Row> kept = views.get(KEPT);
        if (duplicates != null && kept != null) {
            views.put(Outcomes.TABLE, Outcomes.of(duplicates, kept));
        }
        views.forEach((name, rows) -> rows.createOrReplaceTempView(name));
    }

    /** The names of the tables, in order. */
    public Collection<String> names() {
        TreeSet<String> names = new TreeSet<>(locations.keySet());
        if (names.containsAll(List.of(DUPLICATES, KEPT))) {
            names.add(Outcomes.TABLE);
        }
        return names;
    }
}
