package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.TokenizerJson;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.SourceFile;
import io.polyglow.dataprep.clean.LanguageTag;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.doc.Rejections;
import io.polyglow.dataprep.split.ShardPlan;
import io.polyglow.dataprep.split.SplitPlan;
import io.polyglow.dataprep.split.SplitPlan.Side;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;

/**
 * Raw text to documents, tokenizer and token shards. The output directory holds
 *
 * <ul>
 *   <li>{@code documents/}: Parquet, every document with its annotations, rejected ones with their reason;
 *   <li>{@code tokenizer.json};
 *   <li>{@code train-NNNNN} and {@code validation-NNNNN} {@code .bin .idx .lang}: token shards;
 *   <li>{@code manifest.json}: shards with check sums, counts per language, sources with hashes, fingerprint;
 *   <li>{@code prepare.json}: settings, Unicode data, counts of rejected and of repaired documents.
 * </ul>
 *
 * It appears whole or not at all. Tokenizer, shards and manifest depend on inputs, settings and seed alone: not on partitions, cluster
 * size or retries.
 */
public final class PrepareJob {
    private static final int STAGES = 5;
    private static final String DOCUMENTS = "documents";

    private final SparkSession spark;
    private final PrepareConfig config;
    private final OutputDirectory output;
    private final StageTracker stages;

    private PrepareJob(SparkSession spark, PrepareConfig config, OutputDirectory output, StageTracker stages) {
        this.spark = spark;
        this.config = config;
        this.output = output;
        this.stages = stages;
    }

    /**
     * Prepares a corpus. When the output stands already and was made from the same inputs and settings, nothing is done.
     *
     * @throws PolyglowException of kind USAGE for impossible settings or an output that must not be replaced, DATA for inputs that are
     *     missing or give no text, ENVIRONMENT when a file system fails
     */
    public static PrepareReport run(SparkSession spark, PrepareConfig config, ProgressListener listener) {
        check(config);
        try (OutputDirectory output = OutputDirectory.at(config.output(), config.overwrite());
                StageTracker stages = new StageTracker(spark, "prepare", STAGES, listener)) {
            return new PrepareJob(spark, config, output, stages).run();
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "The output " + config.output() + " cannot be written: " + e.getMessage(),
                    e);
        }
    }

    /** Refuses what can be seen to be wrong without Spark: impossible settings, and local inputs that are missing or empty. */
    public static void check(PrepareConfig config) {
        requireKnown(config.language());
        requireOutside(config.input(), config.output());
        if (config.tokenizer().file() == null) {
            settings(config.tokenizer());
        }
        if (Locations.isLocal(config.input())) {
            InputFiles.list(new Configuration(), config.input(), config.format().fixed());
        }
    }

    private static TokenizerJob.Settings settings(PrepareConfig.TokenizerSection wanted) {
        return new TokenizerJob.Settings(wanted.pattern(), wanted.vocabSize(), wanted.byteFallback());
    }

    private PrepareReport run() throws IOException {
        Stores.checkWritable(output.store(), config.output());
        if (!Provenance.exists(output.store(), output.published())) {
            output.refuseToReplace();
        }
        List<InputFile> files = InputFiles.list(
                spark.sessionState().newHadoopConf(),
                config.input(),
                config.format().fixed());
        ByteLevelBpe given = givenTokenizer(config.tokenizer().file());
        List<SourceFile> sources = stages.run("hash inputs", () -> SourceHashes.of(spark, files));
        Provenance provenance = Provenance.of(config, given == null ? "" : given.sha256(), sources);
        if (output.exists() && Provenance.isOf(output.store(), output.published(), provenance.runKey())) {
            return reuse();
        }
        output.begin();
        SplitPlan wanted = new SplitPlan(config.split().mode(), config.split().validation(), config.seed());
        KeptTotals totals = stages.run("read and clean", () -> writeDocuments(files, wanted));
        SplitPlan split = totals.split(wanted);
        ByteLevelBpe tokenizer = stages.run("train tokenizer", () -> given == null ? train(split) : given);
        ShardPlan plan = totals.shards(split, config.shards().textBytes());
        List<ShardInfo> shards = stages.run(
                "write shards", () -> new ShardJob(spark, tokenizer, split, plan).run(keptDocuments(), output));
        CorpusManifest manifest = CorpusManifest.of(tokenizer, shards, sources);
        return stages.run("publish", () -> publish(manifest, tokenizer, provenance));
    }

    private KeptTotals writeDocuments(List<InputFile> files, SplitPlan split) {
        Dataset<Row> read = new DocumentSource(spark, config.readOptions(), config.language()).read(files);
        Deduplication.apply(read).write().mode(SaveMode.Overwrite).parquet(documentsUri());
        KeptTotals totals = KeptTotals.of(keptDocuments(), split);
        if (totals.documents() == 0) {
            throw nothingKept();
        }
        return totals;
    }

    private ByteLevelBpe train(SplitPlan split) {
        JavaRDD<byte[]> texts = keptDocuments()
                .select(DocumentTable.ID, DocumentTable.TEXT)
                .javaRDD()
                .flatMap(row -> split.pieces(row.getString(0), row.getString(1)).stream()
                        .filter(piece -> piece.side() == Side.TRAIN)
                        .map(piece -> piece.text().getBytes(StandardCharsets.UTF_8))
                        .iterator());
        return TokenizerJob.train(spark, texts, settings(config.tokenizer()));
    }

    private PrepareReport publish(CorpusManifest manifest, ByteLevelBpe tokenizer, Provenance provenance)
            throws IOException {
        Provenance counted = provenance.withCounts(rejected(), repaired());
        counted.write(output.store(), output.staging(), config);
        manifest.write(output.store(), output.staging(), tokenizer);
        output.publish();
        return PrepareReport.of(config.output(), false, manifest, counted);
    }

    private PrepareReport reuse() throws IOException {
        CorpusManifest manifest = CorpusManifest.read(output.store(), output.published());
        Provenance before = Provenance.read(output.store(), output.published());
        return PrepareReport.of(config.output(), true, manifest, before);
    }

    private Dataset<Row> keptDocuments() {
        return documents().filter(functions.col(DocumentTable.REJECTED).isNull());
    }

    private Dataset<Row> rejectedDocuments() {
        return documents().filter(functions.col(DocumentTable.REJECTED).isNotNull());
    }

    private Dataset<Row> documents() {
        return spark.read().schema(DocumentTable.SCHEMA).parquet(documentsUri());
    }

    private String documentsUri() {
        return output.stagingUri() + "/" + DOCUMENTS;
    }

    private Map<String, Long> rejected() {
        return new TreeMap<>(rejectedDocuments()
                .select(DocumentTable.REJECTED)
                .javaRDD()
                .map(row -> Rejections.kind(row.getString(0)))
                .countByValue());
    }

    private long repaired() {
        return keptDocuments()
                .filter(functions.col(DocumentTable.REPAIRS).gt(0))
                .count();
    }

    private PolyglowException nothingKept() {
        String what = "The input " + config.input() + " gives no text to train on: ";
        List<Row> first = rejectedDocuments()
                .select(DocumentTable.SOURCE, DocumentTable.POSITION, DocumentTable.REJECTED)
                .orderBy(DocumentTable.SOURCE, DocumentTable.POSITION)
                .takeAsList(1);
        if (first.isEmpty()) {
            return new PolyglowException(ErrorKind.DATA, what + "it holds no documents. Check input and format.");
        }
        String place =
                RawDocument.location(first.get(0).getString(0), first.get(0).getLong(1));
        return new PolyglowException(
                ErrorKind.DATA,
                what + "all documents were rejected, by reason " + rejected() + "; the first is " + place + ": "
                        + first.get(0).getString(2) + ". Check input, format and columns.");
    }

    private @Nullable ByteLevelBpe givenTokenizer(@Nullable String file) {
        if (file == null) {
            return null;
        }
        try (InputStream in = Locations.open(
                Locations.path(file).toString(), 0, spark.sessionState().newHadoopConf())) {
            return new ByteLevelBpe(TokenizerJson.parse(file, in));
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The tokenizer " + file + " cannot be read: " + e.getMessage() + ". Check tokenizer.file.",
                    e);
        }
    }

    /** A run that reads its own output would never find the same inputs again. */
    private static void requireOutside(String input, String output) {
        if ((Locations.path(output) + "/").startsWith(Locations.path(input) + "/")) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The output " + output + " lies inside the input " + input + "; choose a place outside of it.");
        }
    }

    private static void requireKnown(@Nullable String language) {
        if (language != null && LanguageTag.normalize(language).isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "language: \"" + language
                            + "\" is not a language; write a BCP 47 tag such as de or zh-Hant, or leave it out.");
        }
    }
}
