package io.polyglow.dataprep.spark;

import io.polyglow.common.token.UnicodeTable;
import io.polyglow.common.token.shard.SourceFile;
import io.polyglow.dataprep.doc.Libraries;
import io.polyglow.dataprep.filter.QualityAnnotator;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import io.polyglow.dataprep.pii.PiiAnnotator;
import java.util.List;

/**
 * Which stage of a prepare run depends on what. A setting that is not in the key of a stage must not be able to change its result. The number beside a stage's name goes up with
 * every change of code that can change its result; {@code StageGoldensTest} fails when it was forgotten.
 *
 * @param documents raw text read and normalised, with what the reader rejects
 * @param annotations what is known of each document: languages, numbers, personal data
 * @param sketches what is compared of each document when near-duplicates are looked for; whatever thresholds decide
 * @param decisions which documents are left out, and why
 * @param contamination parts of evaluation sets in documents
 * @param duplicates what became of each document: which are equal, and which one of them is kept
 * @param passages lines and paragraphs that many documents share
 * @param kept the texts that are trained on
 * @param fertility what the tokenizer costs each language
 * @param corpus tokenizer and shards
 */
record PrepareKeys(
        StageKey documents,
        StageKey annotations,
        StageKey sketches,
        StageKey decisions,
        StageKey contamination,
        StageKey duplicates,
        StageKey passages,
        StageKey kept,
        StageKey tokenizer,
        StageKey fertility,
        StageKey corpus) {
    /** Version of what {@link FertilityJob} measures. */
    private static final int MEASURE = 2;

    /**
     * What a run reads besides its settings, by its hashes.
     *
     * @param sources the raw text
     * @param languageModels see {@link LanguageModelFiles#versions}
     * @param evaluationSets files of {@code decontamination.sets}
     * @param earlier see {@link EarlierCorpus#key}, of each that {@code dedup.against} names
     * @param premiumTexts files of {@code tokenizer.premium-texts}
     * @param tokenizer empty when one is trained
     * @param takedowns of the last tombstone of the output that stands; empty when there is none
     */
    record Contents(
            List<SourceFile> sources,
            List<String> languageModels,
            List<SourceFile> evaluationSets,
            List<String> earlier,
            List<SourceFile> premiumTexts,
            String tokenizer,
            String takedowns) {
        /** As it is after documents were taken out of the output. */
        Contents withTakedowns(String sha256) {
            return new Contents(sources, languageModels, evaluationSets, earlier, premiumTexts, tokenizer, sha256);
        }
    }

    /** All of them, each after those it depends on. */
    List<StageKey> inOrder() {
        return List.of(
                documents,
                annotations,
                sketches,
                decisions,
                contamination,
                duplicates,
                passages,
                kept,
                tokenizer,
                fertility,
                corpus);
    }

    /** The keys of a run. */
    static PrepareKeys of(PrepareConfig config, Contents contents, ThresholdCatalog thresholds) {
        StageKey documents = documents(config, contents.sources());
        StageKey annotations = annotations(config, documents, contents.languageModels(), thresholds);
        StageKey decisions = StageKey.of("decisions", 5)
                .and(annotations)
                .and(config.filter())
                .and(thresholds.text())
                .and(config.pii())
                .and(contents.takedowns())
                .key();
        StageKey contamination = contamination(config, decisions, contents.evaluationSets());
        StageKey sketches = sketches(config, documents);
        StageKey duplicates = duplicates(config, contamination, sketches, contents.earlier());
        StageKey passages = passages(config, duplicates);
        StageKey kept = StageKey.of("kept", 3)
                .and(documents)
                .and(annotations)
                .and(passages)
                .key();
        String seed = "seed " + config.seed();
        StageKey tokenizer = StageKey.of("tokenizer", 2)
                .and(kept)
                .and(config.withoutPlaces().tokenizer())
                .and(contents.tokenizer())
                .and(UnicodeTable.VERSION)
                .and(config.split())
                .and(seed)
                .key();
        // languages are weighed in tokens, which the sample that measures the tokenizer tells
        StageKey mix = StageKey.of("mix", 3)
                .and(kept)
                .and(tokenizer)
                .and("measured " + MEASURE)
                .and(config.mix())
                .and(config.split())
                .and(seed)
                .key();
        StageKey corpus = StageKey.of("corpus", 4)
                .and(mix)
                .and(tokenizer)
                .and(config.split())
                .and(config.shards())
                .and(seed)
                .key();
        return new PrepareKeys(
                documents,
                annotations,
                sketches,
                decisions,
                contamination,
                duplicates,
                passages,
                kept,
                tokenizer,
                fertility(config, contents, kept, tokenizer),
                corpus);
    }

    private static StageKey documents(PrepareConfig config, List<SourceFile> sources) {
        StageKey.Builder read = StageKey.of("documents", 7)
                .and(config.format().name())
                .and(config.columns())
                .and(config.limits())
                .and(Libraries.versions("icu4j", "jsoup", "jwarc", "univocity"));
        return and(read, sources).key();
    }

    private static StageKey contamination(PrepareConfig config, StageKey decisions, List<SourceFile> evaluationSets) {
        StageKey.Builder found = StageKey.of("contamination", 4).and(decisions).and(config.decontamination());
        return and(found, evaluationSets).key();
    }

    private static StageKey sketches(PrepareConfig config, StageKey documents) {
        return StageKey.of("sketches", 1)
                .and(documents)
                .and(SketchColumns.version(config.dedup().near()))
                .key();
    }

    private static StageKey passages(PrepareConfig config, StageKey duplicates) {
        return StageKey.of("passages", 2)
                .and(duplicates)
                .and(config.dedup().lines())
                .and(config.dedup().paragraphs())
                .key();
    }

    private static StageKey duplicates(
            PrepareConfig config, StageKey contamination, StageKey sketches, List<String> earlier) {
        StageKey.Builder found = StageKey.of("duplicates", 6)
                .and(contamination)
                .and(config.dedup().near());
        if (config.dedup().near().enabled()) {
            found.and(sketches);
            earlier.forEach(found::and);
        }
        return found.key();
    }

    private static StageKey.Builder and(StageKey.Builder key, List<SourceFile> files) {
        files.forEach(file -> key.and(file.path() + " " + file.bytes() + " " + file.sha256()));
        return key;
    }

    private static StageKey annotations(
            PrepareConfig config, StageKey documents, List<String> languageVersions, ThresholdCatalog thresholds) {
        StageKey.Builder annotate = StageKey.of("annotations", 3)
                .and(documents)
                .and(config.language() == null ? "" : config.language())
                .and(config.languageId())
                .and(QualityAnnotator.version())
                .and(thresholds.wordListsText())
                .and(PiiAnnotator.version());
        languageVersions.forEach(annotate::and);
        return annotate.key();
    }

    private static StageKey fertility(PrepareConfig config, Contents contents, StageKey kept, StageKey tokenizer) {
        StageKey.Builder measured = StageKey.of("fertility", MEASURE).and(kept).and(tokenizer);
        config.tokenizer().premiumReference().forEach(measured::and);
        return and(measured, contents.premiumTexts()).key();
    }
}
