package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.dataprep.dedup.DedupConfig;
import java.io.IOException;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/**
 * A corpus that {@code dedup.against} names: its documents that had no reason to go, with their sketches, which {@code prepare} leaves beside it. See {@code
 * docs/formats/dedup-index.md}.
 *
 * @param key the names of the results that are read: equal names, equal documents
 * @param bytes length of the sketches
 */
record EarlierCorpus(String key, long bytes, NearDuplicates.Sketched documents) {
    private static final String SKETCHES = "sketches";
    private static final String DUPLICATES = "duplicates";

    /**
     * Opens a corpus.
     *
     * @throws PolyglowException of kind USAGE when it cannot be compared with one of this config; DATA when it is no corpus, or its tables are gone
     */
    static EarlierCorpus open(SparkSession spark, String corpus, DedupConfig.Near config) throws IOException {
        CorpusTables tables = CorpusTables.open(spark, corpus);
        Map<String, String> stages;
        try (Store store = Stores.open(corpus)) {
            requireComparable(corpus, Provenance.sketches(store, ""), SketchColumns.version(config));
            stages = Provenance.stages(store, "");
        }
        return new EarlierCorpus(
                stages.get(SKETCHES) + " " + stages.get(DUPLICATES),
                tables.bytes(SKETCHES),
                new NearDuplicates.Sketched(
                        tables.table(DUPLICATES)
                                .filter(Decisions.stays())
                                .select(DocumentTable.ID, DocumentTable.CONTENT_HASH),
                        tables.table(SKETCHES)));
    }

    private static void requireComparable(String corpus, String found, String wanted) {
        if (found.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "dedup.against: " + corpus
                            + " has no sketches, since it was prepared without near-duplicates or by an"
                            + " earlier version. Prepare it again with dedup.near.enabled=true.");
        }
        if (!found.equals(wanted)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "dedup.against: " + corpus + " has sketches of another kind (" + found + ") than this corpus ("
                            + wanted + "), so their documents cannot be compared. Set dedup.near.bands and"
                            + " dedup.near.rows as they were then; where the sketch or ICU differs, prepare it again.");
        }
    }
}
