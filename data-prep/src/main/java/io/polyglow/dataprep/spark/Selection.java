package io.polyglow.dataprep.spark;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.when;

import io.polyglow.dataprep.filter.ThresholdCatalog;
import io.polyglow.dataprep.pii.PiiPolicy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The stages from raw files to the texts that are trained on. */
final class Selection {
    private final SparkSession spark;
    private final PrepareConfig config;
    private final PrepareKeys keys;
    private final Stages stages;
    private final ThresholdCatalog thresholds;
    private final PiiPolicy pii;
    private final Set<String> takenDown;
    private final List<NearDuplicates.Sketched> earlier;
    private final Consumer<String> notes;

    /**
     * Selects.
     *
     * @param takenDown hashes of texts or ids of documents that must not come back
     * @param earlier corpora of {@code dedup.against}
     * @param notes hears what deduplication finds
     */
    Selection(
            SparkSession spark,
            PrepareConfig config,
            PrepareKeys keys,
            Stages stages,
            ThresholdCatalog thresholds,
            Set<String> takenDown,
            List<NearDuplicates.Sketched> earlier,
            Consumer<String> notes) {
        this.spark = spark;
        this.config = config;
        this.keys = keys;
        this.stages = stages;
        this.thresholds = thresholds;
        this.pii = new PiiPolicy(config.pii());
        this.takenDown = takenDown;
        this.earlier = earlier;
        this.notes = notes;
    }

    /** How many stages {@link #kept} runs. */
    static int stages(PrepareConfig config) {
        return 5
                + (config.dedup().near().enabled() ? 1 : 0)
                + (Decontamination.wanted(config.decontamination()) ? 1 : 0)
                + (RepeatedPassages.wanted(config.dedup()) ? 1 : 0);
    }

    /** The table {@code kept}, see {@link KeptTexts}. */
    Dataset<Row> kept(List<InputFile> files) throws IOException {
        boolean filters = config.filter().on();
        Dataset<Row> documents = stages.table(
                "read", keys.documents(), () -> new DocumentSource(spark, config.readOptions()).read(files));
        Dataset<Row> annotations = stages.table("annotate", keys.annotations(), () -> annotate(documents));
        Dataset<Row> decisions = stages.table("filter", keys.decisions(), () -> decide(annotations));
        List<Dataset<Row>> edits = new ArrayList<>();
        Dataset<Row> decided = decontaminate(documents, decisions, edits);
        Dataset<Row> duplicates = deduplicate(documents, decided);
        removePassages(documents, duplicates, edits);
        return stages.table("keep", keys.kept(), () -> new KeptTexts(filters, thresholds, pii)
                .of(documents, annotations, duplicates, edits));
    }

    private Dataset<Row> annotate(Dataset<Row> documents) {
        LanguageModelFiles models = LanguageModelFiles.distribute(spark, config.languageId());
        return new Annotations(models, thresholds, config.language()).of(spark, documents);
    }

    private Dataset<Row> decide(Dataset<Row> annotations) {
        Broadcast<Set<String>> taken =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(new HashSet<>(takenDown));
        return new Decisions(config.filter().on(), thresholds, pii, taken).of(annotations);
    }

    /** The decisions, with one more reason for what holds too much of an evaluation set. */
    private Dataset<Row> decontaminate(Dataset<Row> documents, Dataset<Row> decisions, List<Dataset<Row>> edits)
            throws IOException {
        if (!Decontamination.wanted(config.decontamination())) {
            return decisions;
        }
        Dataset<Row> found = stages.table(
                "decontaminate",
                keys.contamination(),
                () -> Decontamination.find(
                        texts(documents, decisions.filter(Decisions.stays())), config.decontamination()));
        edits.add(found.select(DocumentTable.ID, KeptTexts.EDITS));
        return decisions
                .join(found.select(DocumentTable.ID, "reason"), new String[] {DocumentTable.ID}, "left")
                .withColumn(
                        Decisions.REASONS,
                        when(col("reason").isNotNull(), concat(col(Decisions.REASONS), array(col("reason"))))
                                .otherwise(col(Decisions.REASONS)))
                .drop("reason");
    }

    private Dataset<Row> deduplicate(Dataset<Row> documents, Dataset<Row> decided) throws IOException {
        if (!config.dedup().near().enabled()) {
            return stages.table("deduplicate", keys.duplicates(), () -> Deduplication.exact(decided));
        }
        Dataset<Row> sketches = stages.table(
                "sketch",
                keys.sketches(),
                () -> SketchColumns.of(documents, config.dedup().near()));
        return stages.tableWithWork(
                "deduplicate",
                keys.duplicates(),
                NearDuplicates.STEPS + 3,
                work -> Deduplication.run(
                        decided, sketches, earlier, config.dedup().near(), work, notes));
    }

    private void removePassages(Dataset<Row> documents, Dataset<Row> duplicates, List<Dataset<Row>> edits)
            throws IOException {
        if (RepeatedPassages.wanted(config.dedup())) {
            edits.add(stages.tableWithWork(
                    "find repeated passages",
                    keys.passages(),
                    RepeatedPassages.STEPS + 1,
                    work -> RepeatedPassages.run(
                            texts(documents, duplicates.filter(Deduplication.isKept())), config.dedup(), work)));
        }
    }

    /** {@code (id, text)} of some documents. */
    private static Dataset<Row> texts(Dataset<Row> documents, Dataset<Row> some) {
        return documents
                .select(DocumentTable.ID, DocumentTable.TEXT)
                .join(some.select(DocumentTable.ID), DocumentTable.ID);
    }
}
