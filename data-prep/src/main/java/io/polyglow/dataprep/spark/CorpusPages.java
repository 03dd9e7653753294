package io.polyglow.dataprep.spark;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.SourceFile;
import io.polyglow.dataprep.pii.PiiPolicy;
import io.polyglow.dataprep.report.CorpusReport;
import io.polyglow.dataprep.report.DataCard;
import io.polyglow.dataprep.report.HtmlReport;
import io.polyglow.dataprep.report.StageTables;
import io.polyglow.dataprep.tokenize.FertilityReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** {@code report.html} and {@code DATACARD.md} of a corpus: counted from the tables of its stages, and from the files {@code mix.json} and {@code contamination.json} beside its shards. */
final class CorpusPages {
    /** How often each language is trained on. */
    static final String MIX = "mix.json";

    /** What of evaluation sets was found. */
    static final String CONTAMINATION = "contamination.json";

    private static final int MAX_BYTES = 256 << 20;

    private final PrepareConfig config;
    private final PrepareKeys keys;
    private final Stages stages;
    private final Store store;

    /** The pages of a corpus in the store, whose stages have these keys. */
    CorpusPages(PrepareConfig config, PrepareKeys keys, Stages stages, Store store) {
        this.config = config;
        this.keys = keys;
        this.stages = stages;
        this.store = store;
    }

    /** Whether a corpus has both. A take-down deletes them. */
    boolean areIn(String directory) throws IOException {
        return store.exists(directory + "/" + CorpusManifest.REPORT)
                && store.exists(directory + "/" + CorpusManifest.CARD);
    }

    /**
     * Writes both, and tells the numbers in them.
     *
     * @param title name of the corpus
     * @param takenDown what names the documents that are in the tables and were taken out since; no text of theirs is shown
     */
    CorpusNumbers write(
            String directory,
            String title,
            CorpusManifest manifest,
            FertilityReport fertility,
            PassedOver passedOver,
            Set<String> takenDown)
            throws IOException {
        CorpusNumbers numbers = numbers(manifest.sources(), takenDown);
        CorpusReport report = numbers.report(
                title,
                manifest,
                tables(directory, fertility, passedOver),
                ConfigFile.of(config.withoutPlaces()).yaml());
        write(directory + "/" + CorpusManifest.REPORT, HtmlReport.of(report));
        write(directory + "/" + CorpusManifest.CARD, DataCard.of(report));
        return numbers;
    }

    /** Counts what became of the documents. */
    CorpusNumbers numbers(List<SourceFile> sources, Set<String> takenDown) {
        Dataset<Row> duplicates = stages.table(keys.duplicates());
        Dataset<Row> kept = stages.table(keys.kept());
        if (!takenDown.isEmpty()) {
            TakenDown taken = TakenDown.of(duplicates, takenDown);
            duplicates = taken.marked(duplicates);
            kept = taken.without(kept);
        }
        return new CorpusNumbers(
                stages.table(keys.documents()),
                stages.table(keys.annotations()),
                duplicates,
                kept,
                new PiiPolicy(config.pii()),
                sources.stream().map(SourceFile::path).toList());
    }

    private List<CorpusReport.Table> tables(String directory, FertilityReport fertility, PassedOver passedOver)
            throws IOException {
        List<CorpusReport.Table> tables = new ArrayList<>();
        if (passedOver.files() > 0) {
            tables.add(passedOver.table());
        }
        if (!config.mix().isAsIs()) {
            tables.add(StageTables.mix(read(directory + "/" + MIX)));
        }
        tables.add(StageTables.fertility(fertility.json()));
        if (Decontamination.wanted(config.decontamination())) {
            tables.add(StageTables.contamination(read(directory + "/" + CONTAMINATION)));
        }
        return tables;
    }

    private JsonObject read(String path) throws IOException {
        return Json.parseObject(path, Stores.read(store, path, MAX_BYTES), MAX_BYTES);
    }

    private void write(String path, String page) throws IOException {
        Stores.rewrite(store, path, page.getBytes(StandardCharsets.UTF_8));
    }
}
