package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.LeaseKeeper;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.ShardInfo;
import io.polyglow.common.token.shard.SourceFile;
import io.polyglow.common.token.shard.Takedowns;
import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import io.polyglow.dataprep.language.LanguageLabel;
import io.polyglow.dataprep.mix.MixGroup;
import io.polyglow.dataprep.mix.MixPlan;
import io.polyglow.dataprep.split.SplitPlan;
import io.polyglow.dataprep.split.SplitPlan.Side;
import io.polyglow.dataprep.tokenize.FertilityReport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;

/**
 * Raw text to documents, tokenizer and token shards, in stages whose results stay in {@code OUTPUT.stages}, named by what decides them ({@link PrepareKeys}): a run
 * that was killed goes on after its last whole stage, and one with other settings makes only what they change.
 *
 * <ul>
 *   <li>{@code documents}: Parquet, every document as it was read and normalised;
 *   <li>{@code sketches}: what is compared of each when near-duplicates are looked for;
 *   <li>{@code decisions}: for each of them the reasons to leave it out;
 *   <li>{@code duplicates}: of those without a reason, the cluster of equal ones and the one kept;
 *   <li>{@code kept}: the texts that are trained on, those that edits left something of.
 * </ul>
 *
 * The output appears whole or not at all and holds {@code tokenizer.json}, {@code train-NNNNN} and {@code validation-NNNNN} token shards,
 * {@code manifest.json} (shards with check sums, counts per language, sources with hashes, fingerprint), {@code prepare.json} (settings, Unicode data,
 * stages, counts of rejected and of repaired documents), {@code report.html} and {@code DATACARD.md}. It depends on inputs, settings and seed alone: not on partitions, cluster size or retries.
 */
public final class PrepareJob {
    /** Besides those of {@link Selection}: hash inputs, plan, tokenizer, its measure, shards, report, publish. */
    private static final int STAGES = 7;

    private static final String FERTILITY = "fertility.json";
    private static final String SHARDS = "shards.jsonl";
    private static final int MAX_BYTES = 256 << 20;

    private final SparkSession spark;
    private final PrepareConfig config;
    private final OutputDirectory output;
    private final StageTracker tracker;
    private final ProgressListener listener;
    private final Stages stages;
    private final ThresholdCatalog thresholdFiles;
    private final ThresholdCatalog thresholds;

    private PrepareJob(
            SparkSession spark,
            PrepareConfig config,
            OutputDirectory output,
            StageTracker tracker,
            ProgressListener listener) {
        this.spark = spark;
        this.config = config;
        this.output = output;
        this.tracker = tracker;
        this.listener = listener;
        this.stages = new Stages(spark, tracker, output.stages());
        this.thresholdFiles = ThresholdCatalog.files(config.filter().thresholds());
        this.thresholds = thresholdFiles
                .with(config.filter())
                .withBadWords(config.filter().badWords());
    }

    /**
     * Prepares a corpus. When the output stands already and was made from the same inputs and settings, nothing is done.
     *
     * @throws PolyglowException of kind USAGE for impossible settings or an output that must not be replaced, DATA for inputs that are
     *     missing or give no text, ENVIRONMENT when a file system fails, FENCED when another run took the output over
     */
    public static PrepareReport run(SparkSession spark, PrepareConfig config, ProgressListener listener) {
        check(config);
        try (OutputDirectory output = OutputDirectory.at(config.output(), config.overwrite())) {
            output.refusePattern();
            Stores.checkWritable(output.store(), config.output());
            output.refuseForeign();
            InputFiles.Listing input = InputFiles.listing(
                    spark.sessionState().newHadoopConf(),
                    config.input(),
                    config.format().fixed());
            requireRoom(input.files());
            return run(spark, config, listener, output, input);
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "The output " + config.output() + " cannot be written: " + e.getMessage(),
                    e);
        }
    }

    @SuppressWarnings("try") // the lease is kept in a thread of its own
    private static PrepareReport run(
            SparkSession spark,
            PrepareConfig config,
            ProgressListener listener,
            OutputDirectory output,
            InputFiles.Listing input)
            throws IOException {
        Lease lease = output.take(SystemNanoClock.INSTANCE);
        try (StageTracker tracker = new StageTracker(spark, "prepare", STAGES + Selection.stages(config), listener);
                LeaseKeeper kept = new LeaseKeeper(lease, reason -> tracker.cancel())) {
            return new PrepareJob(spark, config, output, tracker, listener).run(input);
        } catch (PolyglowException e) {
            throw firstInCause(lease, e);
        }
    }

    /** What the jobs failed with, unless they were cancelled because another run has the lease. */
    private static PolyglowException firstInCause(Lease lease, PolyglowException failure) {
        try {
            lease.requireHeld();
        } catch (PolyglowException e) {
            if (e.kind() == ErrorKind.FENCED) {
                e.addSuppressed(failure);
                return e;
            }
            failure.addSuppressed(e);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    /** Refuses what can be seen to be wrong without Spark: impossible settings, and local inputs that are missing or empty. */
    public static void check(PrepareConfig config) {
        requireKnown(config.language());
        requireOutside(config.input(), config.output());
        config.tokenizer().requireRoom();
        requireEarlier(config);
        if (Locations.isLocal(config.input())) {
            requireRoom(InputFiles.list(
                    new Configuration(), config.input(), config.format().fixed()));
        }
        String premiumTexts = config.tokenizer().premiumTexts();
        if (premiumTexts != null && Locations.isLocal(premiumTexts)) {
            ParallelTexts.files(new Configuration(), premiumTexts);
        }
    }

    private PrepareReport run(InputFiles.Listing input) throws IOException {
        if (input.passedOver().files() > 0) {
            listener.note(input.passedOver().text());
        }
        List<EarlierCorpus> earlier = tracker.named("open earlier corpora", this::earlier);
        return ShufflePartitions.whileReading(input.files(), earlier, spark, () -> prepare(input, earlier));
    }

    private PrepareReport prepare(InputFiles.Listing input, List<EarlierCorpus> earlier) throws IOException {
        Tokenizer given = givenTokenizer(config.tokenizer().file());
        PrepareKeys.Contents contents = tracker.run("hash inputs", () -> contents(given, input.files(), earlier));
        Takedowns takedowns = Takedowns.read(output.store(), output.published());
        // an output that documents were taken out of later is still the output of its run
        for (int known = takedowns.chain().count(); known >= 0; known--) {
            Takedowns before = takedowns.first(known);
            PrepareKeys keys = keys(contents, before);
            if (isOf(keys)) {
                return reuse(input, keys, selection(keys, before, earlier), takedowns);
            }
        }
        return make(input, contents.sources(), given, keys(contents, takedowns), takedowns, earlier);
    }

    private PrepareKeys keys(PrepareKeys.Contents contents, Takedowns takedowns) {
        return PrepareKeys.of(config, contents.withTakedowns(takedowns.chain().sha256()), thresholds);
    }

    private List<EarlierCorpus> earlier() throws IOException {
        List<EarlierCorpus> corpora = new ArrayList<>();
        for (String corpus : config.dedup().against()) {
            corpora.add(EarlierCorpus.open(spark, corpus, config.dedup().near()));
        }
        return corpora;
    }

    private boolean isOf(PrepareKeys keys) throws IOException {
        return Provenance.isOf(output.store(), output.published(), keys.corpus().hash());
    }

    private PrepareKeys.Contents contents(@Nullable Tokenizer given, List<InputFile> files, List<EarlierCorpus> earlier)
            throws IOException {
        Configuration conf = spark.sessionState().newHadoopConf();
        tracker.expectPasses(1);
        List<SourceFile> sources = SourceHashes.of(spark, files);
        stages.describe("hash evaluation sets");
        List<SourceFile> evaluationSets = evaluationSets(conf);
        stages.describe("hash premium texts");
        List<SourceFile> parallel = SourceHashes.ofDriver(premiumTexts(), conf);
        return new PrepareKeys.Contents(
                sources,
                LanguageModelFiles.versions(config.languageId(), conf),
                evaluationSets,
                earlier.stream().map(EarlierCorpus::key).toList(),
                parallel,
                given == null ? "" : given.sha256(),
                "");
    }

    /** Their files under the names of the sets, since it counts which set a file is in. */
    private List<SourceFile> evaluationSets(Configuration conf) {
        List<SourceFile> all = new ArrayList<>();
        config.decontamination().sets().forEach((set, location) -> SourceHashes.of(
                        spark, EvaluationFiles.list(conf, set, location))
                .forEach(file -> all.add(new SourceFile(set + "/" + file.path(), file.bytes(), file.sha256()))));
        return all;
    }

    private List<InputFile> premiumTexts() {
        String directory = config.tokenizer().premiumTexts();
        return directory == null
                ? List.of()
                : ParallelTexts.files(spark.sessionState().newHadoopConf(), directory);
    }

    private PrepareReport make(
            InputFiles.Listing input,
            List<SourceFile> sources,
            @Nullable Tokenizer given,
            PrepareKeys keys,
            Takedowns takedowns,
            List<EarlierCorpus> earlier)
            throws IOException {
        output.refuseToReplace();
        Dataset<Row> kept = selection(keys, takedowns, earlier).kept(input.files());
        Plan plan = tracker.run("plan", () -> plan(kept, keys));
        Tokenizer tokenizer = tokenizer(given, kept, plan.split(), keys.tokenizer());
        FertilityReport fertility = fertility(tokenizer, kept, keys.fertility());
        Map<String, Double> bytesPerToken = fertility.bytesPerToken(tokenizer.endOfTextId() >= 0);
        MixPlan mix = MixPlan.of(config.mix(), plan.groups(), bytesPerToken, config.seed());
        listener.note(
                "What will be trained on; tokens are estimated from the measured bytes per token:\n" + mix.table());
        String corpus = stages.files(
                "write shards",
                keys.corpus(),
                (store, path) -> writeShards(shards(tokenizer, plan, mix).run(kept, store, path), store, path));
        CorpusManifest manifest =
                CorpusManifest.of(tokenizer, readShards(corpus), sources).withTakedowns(takedowns.chain());
        takedowns.copyTo(output.store(), corpus);
        Stores.rewrite(
                output.store(),
                corpus + "/" + CorpusPages.MIX,
                Json.pretty(mix.json()).getBytes(StandardCharsets.UTF_8));
        CorpusNumbers numbers = tracker.run("report", () -> {
            writeContamination(corpus, keys);
            return pages(keys).write(corpus, output.published(), manifest, fertility, input.passedOver(), Set.of());
        });
        return tracker.run(
                "publish",
                () -> publish(
                        corpus,
                        manifest,
                        tokenizer,
                        fertility,
                        Provenance.of(config, keys.corpus().hash(), input.passedOver())
                                .withCounts(numbers.rejected(), repaired(kept))));
    }

    private Selection selection(PrepareKeys keys, Takedowns takedowns, List<EarlierCorpus> earlier) {
        return new Selection(
                spark,
                config,
                keys,
                stages,
                thresholds,
                takedowns.names(),
                earlier.stream().map(EarlierCorpus::documents).toList(),
                listener::note);
    }

    /** What is written, before anything is. */
    private record Plan(KeptTotals totals, SplitPlan split, List<MixGroup> groups) {}

    private Plan plan(Dataset<Row> kept, PrepareKeys keys) {
        KeptTotals totals = KeptTotals.of(kept, config.split().plan(config.seed()));
        if (totals.documents() == 0) {
            throw new NothingKept(Outcomes.of(stages.table(keys.duplicates()), stages.table(keys.kept())))
                    .error(config.input(), config.dedup().against());
        }
        SplitPlan split = totals.split(config.split().plan(config.seed()));
        List<MixGroup> groups = MixTotals.groups(kept, config.mix(), split);
        MixPlan.requireWeights(config.mix(), groups);
        return new Plan(totals, split, groups);
    }

    private void writeContamination(String directory, PrepareKeys keys) throws IOException {
        if (Decontamination.wanted(config.decontamination())) {
            JsonObject found = Decontamination.report(stages.table(keys.contamination()), config.decontamination());
            noteItemsWithoutField(found.getObject("sets"));
            Stores.rewrite(
                    output.store(),
                    directory + "/" + CorpusPages.CONTAMINATION,
                    Json.pretty(found).getBytes(StandardCharsets.UTF_8));
        }
    }

    private void noteItemsWithoutField(JsonObject sets) {
        for (String set : sets.names()) {
            long without = sets.getObject(set).getLong("items_without_field");
            if (without > 0) {
                listener.note(without + " of " + sets.getObject(set).getLong("items_read") + " items of evaluation set "
                        + set + " have no text"
                        + (config.decontamination().field() == null
                                ? ""
                                : " in \"" + config.decontamination().field() + "\"")
                        + " and were not looked for. Check decontamination.field.");
            }
        }
    }

    private ShardJob shards(Tokenizer tokenizer, Plan plan, MixPlan mix) {
        long bytes = config.shards().textBytes();
        SplitPlan split = plan.split();
        return config.mix().isAsIs()
                ? new ShardJob(spark, tokenizer, split, plan.totals().shards(split, bytes))
                : new ShardJob(spark, tokenizer, split, plan.totals().shards(split, bytes, mix), mix);
    }

    private Tokenizer tokenizer(@Nullable Tokenizer given, Dataset<Row> kept, SplitPlan split, StageKey key)
            throws IOException {
        String path = stages.files(
                "train tokenizer",
                key,
                (store, directory) -> Stores.write(
                        store,
                        directory + "/" + CorpusManifest.TOKENIZER,
                        (given == null ? train(kept, split) : given).json()));
        return TokenizerFile.read(output.store(), path + "/" + CorpusManifest.TOKENIZER);
    }

    /** What the tokenizer costs each language; above {@code tokenizer.max-premium}, or when it loses what it must not, the run ends here. */
    private FertilityReport fertility(Tokenizer tokenizer, Dataset<Row> kept, StageKey key) throws IOException {
        String path = stages.files(
                "measure tokenizer",
                key,
                (store, directory) -> Stores.write(
                        store,
                        directory + "/" + FERTILITY,
                        json(FertilityJob.measure(
                                kept, tokenizer, config.tokenizer().premiumReference(), premiumTexts()))));
        return passed(path, tokenizer);
    }

    /** The measure of a tokenizer in a directory, if nothing in it is a reason to end the run. */
    private FertilityReport passed(String directory, Tokenizer tokenizer) throws IOException {
        FertilityReport report = FertilityReport.parse(written(directory + "/" + FERTILITY));
        if (tokenizer.isLossless()) {
            report.requireRoundTrips();
        }
        List<String> unknown = report.withoutParallelText();
        if (!unknown.isEmpty()) {
            listener.note("tokenizer.premium-texts has no text in " + unknown + ": no premium is known.");
        }
        if (config.tokenizer().maxPremium() != null) {
            report.requirePremiumsUpTo(config.tokenizer().maxPremium());
        }
        return report;
    }

    private static byte[] json(FertilityReport report) {
        return Json.pretty(report.json()).getBytes(StandardCharsets.UTF_8);
    }

    private Tokenizer train(Dataset<Row> kept, SplitPlan split) {
        JavaRDD<TrainingText> texts = kept.select(DocumentTable.ID, DocumentTable.LANGUAGE, DocumentTable.TEXT)
                .javaRDD()
                .flatMap(row -> split.pieces(row.getString(0), row.getString(2)).stream()
                        .filter(piece -> piece.side() == Side.TRAIN)
                        .map(piece ->
                                new TrainingText(row.getString(1), piece.text().getBytes(StandardCharsets.UTF_8)))
                        .iterator());
        return TokenizerJob.train(spark, texts, config.tokenizer()).tokenizer();
    }

    private static void writeShards(List<ShardInfo> shards, Store store, String path) throws IOException {
        String lines = shards.stream().map(shard -> shard.line() + "\n").collect(Collectors.joining());
        Stores.write(store, path + "/" + SHARDS, lines.getBytes(StandardCharsets.UTF_8));
    }

    private List<ShardInfo> readShards(String path) throws IOException {
        byte[] lines = Stores.read(output.store(), path + "/" + SHARDS, MAX_BYTES);
        return new String(lines, StandardCharsets.UTF_8)
                .lines()
                .map(ShardInfo::parse)
                .toList();
    }

    private CorpusPages pages(PrepareKeys keys) {
        return new CorpusPages(config, keys, stages, output.store());
    }

    private JsonObject written(String path) throws IOException {
        return Json.parseObject(path, Stores.read(output.store(), path, MAX_BYTES), MAX_BYTES);
    }

    /** Everything is put into the directory of the shards, which then becomes the output; a run killed in between does this again. */
    private PrepareReport publish(
            String directory,
            CorpusManifest manifest,
            Tokenizer tokenizer,
            FertilityReport fertility,
            Provenance provenance)
            throws IOException {
        DedupConfig.Near near = config.dedup().near();
        String sketches = near.enabled() ? SketchColumns.version(near) : "";
        provenance.write(output.store(), directory, config, thresholdFiles, stages.used(), sketches);
        Stores.rewrite(output.store(), directory + "/" + FERTILITY, json(fertility));
        manifest.write(output.store(), directory, tokenizer);
        requireSameTakedowns(manifest);
        output.publish(directory);
        output.store().delete(output.published() + "/" + SHARDS);
        output.store().delete(output.published() + "/" + StageDirectory.MARKER);
        output.stages().keepOnly(stages.used());
        return PrepareReport.of(config.output(), false, manifest, provenance);
    }

    /** The lease keeps take-downs out while it is held; what is replaced by mistake all the same brings documents back that somebody had taken out. */
    private void requireSameTakedowns(CorpusManifest manifest) throws IOException {
        Takedowns.Chain now = Takedowns.read(output.store(), output.published()).chain();
        if (!now.equals(manifest.takedowns())) {
            throw new PolyglowException(
                    ErrorKind.FENCED,
                    "Documents were taken out of " + config.output() + " while this run made its successor: there were "
                            + manifest.takedowns().count() + " take-downs when it began, now there are " + now.count()
                            + ". Nothing was published. Run the same command again: it leaves these documents out too, and"
                            + " makes only what they change.");
        }
    }

    /** The output stands, but the gate may be another, or the texts to measure on, and a take-down deletes the pages that tell of it. */
    private PrepareReport reuse(InputFiles.Listing input, PrepareKeys keys, Selection selection, Takedowns takedowns)
            throws IOException {
        String directory = output.published();
        Tokenizer tokenizer = TokenizerFile.read(output.store(), directory + "/" + CorpusManifest.TOKENIZER);
        String measured = Provenance.stages(output.store(), directory)
                .get(keys.fertility().name());
        if (keys.fertility().directory().equals(measured)) {
            passed(directory, tokenizer);
        } else if (config.tokenizer().maxPremium() != null) {
            fertility(tokenizer, selection.kept(input.files()), keys.fertility());
        }
        CorpusManifest manifest = CorpusManifest.read(output.store(), directory);
        if (!pages(keys).areIn(directory)) {
            selection.kept(input.files());
            tracker.run("report", () -> writeAgain(input, keys, manifest, takedowns));
            listener.note(CorpusManifest.REPORT + " and " + CorpusManifest.CARD
                    + " were not there, as after a take-down; they were made again from what is left.");
        }
        Provenance before = Provenance.read(output.store(), directory);
        return PrepareReport.of(config.output(), true, manifest, before);
    }

    private CorpusNumbers writeAgain(
            InputFiles.Listing input, PrepareKeys keys, CorpusManifest manifest, Takedowns takedowns)
            throws IOException {
        String directory = output.published();
        FertilityReport fertility = FertilityReport.parse(written(directory + "/" + FERTILITY));
        return pages(keys).write(directory, directory, manifest, fertility, input.passedOver(), takedowns.names());
    }

    private static long repaired(Dataset<Row> kept) {
        return kept.filter(functions.col(DocumentTable.REPAIRS).gt(0)).count();
    }

    private @Nullable Tokenizer givenTokenizer(@Nullable String file) {
        if (file == null) {
            return null;
        }
        try (InputStream in = Locations.open(
                Locations.path(file).toString(), 0, spark.sessionState().newHadoopConf())) {
            return TokenizerFile.parse(file, in);
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The tokenizer " + file + " cannot be read: " + e.getMessage() + ". Check tokenizer.file.",
                    e);
        }
    }

    /** A run that reads its own output would never find the same inputs again, and an output that holds the input would take it along when it is replaced. */
    private static void requireOutside(String input, String output) {
        if (isInside(output, input)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The output " + output + " lies inside the input " + input + "; choose a place outside of it.");
        }
        if (isInside(input, output)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The input " + input + " lies inside the output " + output
                            + ", which is replaced as a whole; choose another output.");
        }
    }

    /** The hashes are not known yet, only how long they will be. */
    private static void requireRoom(List<InputFile> files) {
        CorpusManifest.requireRoom(files.stream()
                .map(file -> new SourceFile(file.source(), file.bytes(), ""))
                .toList());
    }

    private static boolean isInside(String inner, String outer) {
        return (Locations.path(inner) + "/").startsWith(Locations.path(outer) + "/");
    }

    /** What is asked for must be looked for, and an output that is compared with itself would lose everything. */
    private static void requireEarlier(PrepareConfig config) {
        List<String> against = config.dedup().against();
        if (!against.isEmpty() && !config.dedup().near().enabled()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "dedup.against names " + String.join(", ", against)
                            + ", but earlier corpora are compared by near-duplicates only, and dedup.near.enabled is false."
                            + " Set dedup.near.enabled=true, or leave dedup.against out.");
        }
        for (String corpus : against) {
            if (Locations.path(corpus).equals(Locations.path(config.output()))) {
                throw new PolyglowException(
                        ErrorKind.USAGE, "dedup.against names " + corpus + ", which is the output itself.");
            }
        }
    }

    private static void requireKnown(@Nullable String language) {
        if (language != null && LanguageLabel.parse(language).isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "language: \"" + language
                            + "\" is not a language; write a BCP 47 tag such as de or zh-Hant, or leave it out.");
        }
    }
}
