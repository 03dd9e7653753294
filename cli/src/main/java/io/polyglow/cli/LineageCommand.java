package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.SplitIndex;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.common.trace.MetricsTail;
import io.polyglow.dataprep.spark.DocumentLookup;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.data.DataOrder;
import io.polyglow.trainer.data.Lineage;
import io.polyglow.trainer.eval.TrainedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow lineage}: which documents are behind a training step, and where a document stands. */
@Command(
        name = "lineage",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Lists the documents behind a training step, or the places of a document: in the shards of a corpus, and of a"
                    + " run also the steps that saw it.",
            "",
            "--sources adds where each document comes from and what was decided of it, from the tables that prepare keeps"
                    + " beside the corpus; it starts Spark."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow lineage runs/web --step 12000 --sources",
            "  polyglow lineage runs/web --step 12000 --rank 3 --json",
            "  polyglow lineage data/web --document 2b7e151628aed2a6abf7158809cf4f3c"
        })
final class LineageCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "PLACE", description = "A run, or with --document also a corpus.")
    private String place;

    @Option(
            names = "--step",
            paramLabel = "N",
            description = "A training step, from 1 to the last one that the run has taken.")
    private @Nullable Long step;

    @Option(
            names = "--rank",
            paramLabel = "R",
            description = "Only what this rank of the run's layout computed in that step.")
    private @Nullable Integer rank;

    @Option(names = "--document", paramLabel = "ID", description = "The id of a document, 32 hex digits.")
    private @Nullable String document;

    @Option(names = "--sources", description = "Also says where the documents come from.")
    private boolean sources;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    @Mixin
    private SparkOptions spark;

    LineageCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if ((step == null) == (document == null)) {
            throw new PolyglowException(ErrorKind.USAGE, "say what to look for: --step N of a run, or --document ID.");
        }
        try (Locations locations = new Locations()) {
            String resolved = locations.address(place);
            TrainConfig run = run(resolved);
            String corpus = run == null ? resolved : locations.address(run.data());
            try (Store store = Stores.open(corpus)) {
                TokenDataset dataset = TokenDataset.open(store, "");
                if (run != null) {
                    requireSameCorpus(resolved, dataset);
                }
                List<LineageRow> rows = step != null
                        ? ofStep(required(run), resolved, dataset, step)
                        : ofDocument(run, resolved, dataset, document(document));
                print(rows, lookUp(corpus, rows));
            }
        }
        return 0;
    }

    private static @Nullable TrainConfig run(String place) throws IOException {
        try (Store store = Stores.open(place)) {
            return store.exists(CorpusManifest.FILE) ? null : TrainedModel.config(store);
        }
    }

    private TrainConfig required(@Nullable TrainConfig run) {
        if (run == null) {
            throw new PolyglowException(
                    ErrorKind.USAGE, place + " is a corpus; --step asks for a step of a run, so name a run.");
        }
        return run;
    }

    private static DocumentId document(@Nullable String id) {
        try {
            return DocumentId.parse(String.valueOf(id));
        } catch (IllegalArgumentException e) {
            throw new PolyglowException(ErrorKind.USAGE, e.getMessage() + ".", e);
        }
    }

    /** The order of data is a function of the fingerprint, so another corpus would give wrong answers. */
    private static void requireSameCorpus(String run, TokenDataset corpus) throws IOException {
        try (Store store = Stores.open(run)) {
            CheckpointDirectory checkpoints = new CheckpointDirectory(store);
            List<Long> steps = checkpoints.steps();
            if (steps.isEmpty()) {
                return;
            }
            String trained =
                    checkpoints.open(steps.get(steps.size() - 1)).manifest().dataFingerprint();
            if (!trained.equals(corpus.manifest().fingerprint())) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "The run " + run + " was trained on a corpus with fingerprint " + trained
                                + ", which is not there any more"
                                + corpus.takedowns()
                                        .after(trained)
                                        .map(Tombstone::notice)
                                        .orElse("; put it back") + ".");
            }
        }
    }

    private static Lineage lineage(TrainConfig run, TokenDataset corpus, SplitIndex train) {
        return new Lineage(
                train,
                DataOrder.of(
                        corpus.manifest().fingerprint(),
                        run.seed(),
                        train,
                        run.model().context(),
                        run.batch().packing(),
                        run.batch().documentMask()));
    }

    private List<LineageRow> ofStep(TrainConfig run, String location, TokenDataset corpus, long wanted)
            throws IOException {
        if (wanted < 1) {
            throw new PolyglowException(ErrorKind.USAGE, "--step " + wanted + " is before the first step, 1.");
        }
        long last = lastStep(location);
        if (wanted > last) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "--step " + wanted + " was never taken: the run " + place
                            + (last == 0 ? " has taken no step yet." : "'s last step is " + last + "."));
        }
        int global = run.batch().global();
        int first = 0;
        int count = global;
        if (rank != null) {
            int ranks = run.layout().grid().worldSize();
            if (rank < 0 || rank >= ranks) {
                throw new PolyglowException(
                        ErrorKind.USAGE, "--rank " + rank + ": the run has ranks 0 to " + (ranks - 1) + ".");
            }
            count = global / run.layout().data();
            first = count * run.layout().grid().replica(rank);
        }
        SplitIndex train = corpus.index(TokenDataset.TRAIN);
        List<LineageRow> rows = new ArrayList<>();
        for (Lineage.Part part : lineage(run, corpus, train).parts((wanted - 1) * global + first, count)) {
            rows.add(LineageRow.of(
                    train, part.document(), part.shard(), part.firstToken(), part.tokens(), List.of(part.sample())));
        }
        return rows;
    }

    private static List<LineageRow> ofDocument(
            @Nullable TrainConfig run, String place, TokenDataset corpus, DocumentId id) throws IOException {
        List<LineageRow> rows = new ArrayList<>();
        long samples = run == null
                ? 0
                : Math.multiplyExact(lastStep(place), (long) run.batch().global());
        for (String name : List.of(TokenDataset.TRAIN, TokenDataset.VALIDATION)) {
            SplitIndex split = corpus.index(name);
            Lineage lineage = run == null || !name.equals(TokenDataset.TRAIN) ? null : lineage(run, corpus, split);
            for (long d = 0; d < split.documents(); d++) {
                if (split.id(d).equals(id)) {
                    List<Long> seen = lineage == null ? List.of() : lineage.samplesOf(d, samples);
                    rows.add(LineageRow.whole(split, d, seen));
                }
            }
        }
        if (rows.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "No shard holds document " + id
                            + ". Either it was left out (the table of decisions says why), or it was taken down, or the id is another corpus's.");
        }
        return rows;
    }

    /** The last step that was taken: that of the last checkpoint, or a later one in the metrics. */
    private static long lastStep(String run) throws IOException {
        try (Store store = Stores.open(run)) {
            List<Long> steps = new CheckpointDirectory(store).steps();
            long saved = steps.isEmpty() ? 0 : steps.get(steps.size() - 1);
            List<JsonObject> later = new MetricsTail(store, saved).poll();
            return later.isEmpty() ? saved : later.get(later.size() - 1).getLong("step");
        }
    }

    private Map<String, DocumentLookup.Found> lookUp(String corpus, List<LineageRow> rows) throws IOException {
        if (!sources) {
            return Map.of();
        }
        Set<String> ids = rows.stream().map(LineageRow::id).collect(Collectors.toCollection(LinkedHashSet::new));
        console.note("Starting Spark ...");
        try (SparkSession session = spark.session("polyglow lineage " + place)) {
            return DocumentLookup.open(session, corpus).byId(ids);
        }
    }

    private void print(List<LineageRow> rows, Map<String, DocumentLookup.Found> found) {
        if (json) {
            List<JsonObject> documents =
                    rows.stream().map(row -> row.json(found.get(row.id()))).toList();
            console.line(Json.pretty(new JsonObject().put("place", place).put("documents", documents)));
            return;
        }
        console.table(
                LineageRow.header(sources),
                rows.stream()
                        .map(row -> row.cells(sources, found.get(row.id())))
                        .toList());
    }
}
