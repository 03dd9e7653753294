package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Where the documents of a corpus come from and what was decided of them, from the tables that {@code prepare} keeps beside it. Whole tables are scanned once a
 * call, without their texts.
 */
public final class DocumentLookup {
    private static final String URL = "url";
    private static final String NAMED = "named";
    private static final String FILE = "named_file";
    private static final String LINE = "named_line";
    private static final StructType PLACES = new StructType()
            .add(NAMED, DataTypes.StringType)
            .add(FILE, DataTypes.StringType)
            .add(LINE, DataTypes.LongType);
    private static final int MOST_OF_A_SOURCE = 1000;

    private final CorpusTables tables;
    private final PrepareConfig config;
    private final @Nullable ThresholdCatalog recorded;
    private final Dataset<Row> documents;

    private DocumentLookup(CorpusTables tables, PrepareConfig config, @Nullable ThresholdCatalog recorded) {
        this.tables = tables;
        this.config = config;
        this.recorded = recorded;
        this.documents = tables.table("documents");
    }

    /** Whether the tables of the corpus at this location are still beside it. */
    public static boolean isPossible(String corpus) throws IOException {
        try (Store store = Stores.open(corpus);
                Store tables = Stores.open(Locations.trimmed(corpus) + ".stages")) {
            if (!Provenance.exists(store, "")) {
                return false;
            }
            String documents = Provenance.stages(store, "").get("documents");
            return documents != null && tables.exists(documents + Stages.ROWS);
        }
    }

    /** Opens the tables of a corpus; a DATA error when they are not there. */
    public static DocumentLookup open(SparkSession spark, String corpus) throws IOException {
        CorpusTables tables = CorpusTables.open(spark, corpus);
        try (Store store = Stores.open(corpus)) {
            String yaml = Provenance.read(store, "").configYaml();
            return new DocumentLookup(
                    tables,
                    ConfigFile.load(PrepareConfig.class, corpus + "/prepare.json", yaml, List.of())
                            .value(),
                    Provenance.thresholds(store, "").orElse(null));
        }
    }

    /** The documents with these ids, by id; unknown ids have no entry. */
    public Map<String, DocumentStory> byId(Collection<String> ids) {
        ThresholdCatalog thresholds =
                recorded == null ? ThresholdCatalog.of(config.filter()) : recorded.with(config.filter());
        return new DocumentStories(tables, config, thresholds).of(table(ids));
    }

    /**
     * The documents of a source, by id.
     *
     * @param source {@code file} or {@code file:line}, as in reports
     * @throws PolyglowException of kind USAGE when they are too many to tell of
     */
    public Map<String, DocumentStory> bySource(String source) {
        List<String> ids = from(List.of(source))
                .select(DocumentTable.ID)
                .limit(MOST_OF_A_SOURCE + 1)
                .as(Encoders.STRING())
                .collectAsList();
        if (ids.size() > MOST_OF_A_SOURCE) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    source + " has more than " + MOST_OF_A_SOURCE
                            + " documents, the most that are told of at once. Name a line, as in " + source + ":1.");
        }
        return byId(ids);
    }

    /**
     * Those of these sources and addresses that no document comes from, in the order given.
     *
     * @param sources {@code file} or {@code file:line}, as in reports
     */
    public List<String> unmatched(Collection<String> sources, Collection<String> urls) {
        Set<String> unmatched = new LinkedHashSet<>(sources);
        unmatched.removeAll(strings(from(sources).select(NAMED)));
        Set<String> unknown = new LinkedHashSet<>(urls);
        unknown.removeAll(
                strings(documents.filter(col(URL).isInCollection(urls)).select(URL)));
        unmatched.addAll(unknown);
        return List.copyOf(unmatched);
    }

    private static List<String> strings(Dataset<Row> rows) {
        return rows.distinct().as(Encoders.STRING()).collectAsList();
    }

    /**
     * The documents that any of these name, and those with the same text, since the shards hold one of equals only. What is named may be a file of millions: it is
     * found by joins, and only ids and hashes come to the driver.
     *
     * @param sources {@code file} or {@code file:line}, as in reports
     */
    public List<Tombstone.Taken> withEquals(
            Collection<String> ids, Collection<String> sources, Collection<String> urls) {
        Dataset<Row> all = documents.select(DocumentTable.ID, DocumentTable.CONTENT_HASH);
        Dataset<Row> found = all.join(table(ids), DocumentTable.ID)
                .unionByName(documents
                        .filter(col(URL).isInCollection(urls))
                        .select(DocumentTable.ID, DocumentTable.CONTENT_HASH))
                .unionByName(from(sources).select(DocumentTable.ID, DocumentTable.CONTENT_HASH));
        Dataset<Row> equal = all.join(
                found.select(DocumentTable.CONTENT_HASH), new String[] {DocumentTable.CONTENT_HASH}, "left_semi");
        return found.unionByName(equal).distinct().orderBy(DocumentTable.ID).collectAsList().stream()
                .map(row -> new Tombstone.Taken(DocumentId.parse(row.getString(0)), row.getString(1)))
                .toList();
    }

    private Dataset<Row> table(Collection<String> ids) {
        return documents
                .sparkSession()
                .createDataset(List.copyOf(new TreeSet<>(ids)), Encoders.STRING())
                .toDF(DocumentTable.ID);
    }

    /** The documents of these sources, {@link #NAMED} telling of which; each source is a file, or one of its lines. */
    private Dataset<Row> from(Collection<String> sources) {
        List<Row> places = new ArrayList<>();
        for (String source : sources) {
            places.add(RowFactory.create(source, source, null));
            int colon = source.lastIndexOf(':');
            if (colon >= 0 && source.substring(colon + 1).matches("[0-9]{1,18}")) {
                long line = Long.parseLong(source.substring(colon + 1));
                places.add(RowFactory.create(source, source.substring(0, colon), line));
            }
        }
        Dataset<Row> named = documents.sparkSession().createDataFrame(places, PLACES);
        Column ofFile = documents.col(DocumentTable.SOURCE).equalTo(named.col(FILE));
        Column ofLine = named.col(LINE).isNull().or(named.col(LINE).equalTo(documents.col(DocumentTable.POSITION)));
        return documents.join(broadcast(named), ofFile.and(ofLine));
    }
}
