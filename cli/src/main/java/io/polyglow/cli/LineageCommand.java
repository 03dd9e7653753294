package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusIndex;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.Takedowns;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.common.trace.MetricsTail;
import io.polyglow.dataprep.spark.DocumentLookup;
import io.polyglow.dataprep.spark.DocumentStory;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.eval.TrainedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
            "Lists the documents behind a training step, or the places of documents: in the shards of a corpus, and of a"
                    + " run also the samples that held them.",
            "",
            "--sources adds where each document comes from and what was decided of it (language, reasons to leave it out,"
                    + " duplicates, personal data, what was taken out of its text), from the tables that prepare keeps"
                    + " beside the corpus; it starts Spark. So does a document that no shard holds.",
            "A run is told of by the corpus that it was trained on, also after take-downs."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow lineage runs/web --step 12000 --sources",
            "  polyglow lineage runs/web --step 12000 --rank 3 --json",
            "  polyglow lineage data/web --document 2b7e151628aed2a6abf7158809cf4f3c",
            "  polyglow lineage data/web --source pages.jsonl:417"
        })
final class LineageCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "PLACE", description = "A run, or with --document and --source also a corpus.")
    private String place;

    @Option(
            names = "--step",
            paramLabel = "N",
            description = "A training step, from 1 to the last one that the run has taken.")
    private @Nullable Long step;

    @Option(
            names = "--rank",
            paramLabel = "R",
            description = "Only what this rank of the layout at that time computed in that step.")
    private @Nullable Integer rank;

    @Option(names = "--document", paramLabel = "ID", description = "The id of a document, 32 hex digits.")
    private @Nullable String document;

    @Option(
            names = "--source",
            paramLabel = "FILE[:LINE]",
            description =
                    "A source as reports name it: all of its documents, up to 1,000, or the one of that line. Starts Spark.")
    private @Nullable String source;

    @Option(names = "--sources", description = "Also says where the documents come from and what was decided of them.")
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
        if (Stream.of(step, document, source).filter(Objects::nonNull).count() != 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "say what to look for, one of: --step N of a run, --document ID, --source FILE[:LINE].");
        }
        try (Locations locations = new Locations()) {
            String resolved = locations.address(place);
            TrainConfig run = run(resolved);
            String corpus = run == null ? resolved : locations.address(run.data());
            try (Store store = Stores.open(corpus)) {
                TokenDataset dataset = TokenDataset.open(store, "");
                answer(corpus, dataset.takedowns(), places(resolved, run, dataset));
            }
        }
        return 0;
    }

    private static @Nullable TrainConfig run(String place) throws IOException {
        try (Store store = Stores.open(place)) {
            return store.exists(CorpusManifest.FILE) ? null : TrainedModel.config(store);
        }
    }

    /** The order of data is a function of the fingerprint, so a run is asked about the corpus that it was trained on. */
    private LineagePlaces places(String resolved, @Nullable TrainConfig run, TokenDataset corpus) throws IOException {
        if (run == null) {
            return new LineagePlaces(corpus.as(corpus.manifest().fingerprint()).orElseThrow(), null, null, 0);
        }
        try (Store store = Stores.open(resolved)) {
            CheckpointDirectory checkpoints = new CheckpointDirectory(store);
            List<Long> steps = checkpoints.steps();
            if (steps.isEmpty()) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "The run " + place
                                + " has no checkpoint yet, and only a checkpoint tells which corpus the steps"
                                + " were trained on. Ask again after the first one.");
            }
            long saved = steps.get(steps.size() - 1);
            String trained = checkpoints.open(saved).manifest().dataFingerprint();
            CorpusIndex index = corpus.as(trained).orElseThrow(() -> gone(trained));
            LayoutHistory layouts = rank == null
                    ? null
                    : new LayoutHistory(checkpoints, run.layout().grid());
            return new LineagePlaces(index, run, layouts, lastStep(store, saved));
        }
    }

    private PolyglowException gone(String trained) {
        return new PolyglowException(
                ErrorKind.DATA,
                "The run " + place + " was trained on a corpus with fingerprint " + trained
                        + ", which is not there any more; put it back.");
    }

    /** That of the last checkpoint, or a later one in the metrics. */
    private static long lastStep(Store run, long saved) throws IOException {
        List<JsonObject> later = new MetricsTail(run, saved).poll();
        return later.isEmpty() ? saved : later.get(later.size() - 1).getLong("step");
    }

    private void answer(String corpus, Takedowns takedowns, LineagePlaces places) throws IOException {
        if (step != null) {
            List<LineageRow> rows = places.ofStep(place, step, rank);
            Set<String> ids = rows.stream().map(LineageRow::id).collect(Collectors.toCollection(LinkedHashSet::new));
            print(rows, sources ? lookUp(corpus, lookup -> lookup.byId(ids)) : Map.of(), takedowns);
        } else if (source != null) {
            String wanted = source;
            Map<String, DocumentStory> stories = lookUp(corpus, lookup -> lookup.bySource(wanted));
            if (stories.isEmpty()) {
                throw new PolyglowException(
                        ErrorKind.DATA, "No document of " + corpus + " comes from " + wanted + ". Check --source.");
            }
            print(withRest(places.ofDocuments(stories.keySet()), stories), stories, takedowns);
        } else {
            ofDocument(corpus, id(document), takedowns, places);
        }
    }

    private void ofDocument(String corpus, DocumentId id, Takedowns takedowns, LineagePlaces places)
            throws IOException {
        Set<String> ids = Set.of(id.toString());
        List<LineageRow> rows = places.ofDocuments(ids);
        boolean possible = DocumentLookup.isPossible(corpus);
        Map<String, DocumentStory> stories =
                sources || (rows.isEmpty() && possible) ? lookUp(corpus, lookup -> lookup.byId(ids)) : Map.of();
        List<LineageRow> all = new ArrayList<>(withRest(rows, stories));
        if (all.isEmpty() && !takedowns.of(Set.of(id)).isEmpty()) {
            all.add(LineageRow.nowhere(id.toString(), null));
        }
        if (all.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "No shard of " + corpus + " holds document " + id
                            + (possible
                                    ? ", and no document that was read has this id. Check it."
                                    : ", and the tables that tell why are not beside the corpus. Check the id, or put back "
                                            + corpus + ".stages."));
        }
        print(all, stories, takedowns);
    }

    /** And the documents that no shard holds. */
    private static List<LineageRow> withRest(List<LineageRow> rows, Map<String, DocumentStory> stories) {
        Set<String> placed = rows.stream().map(LineageRow::id).collect(Collectors.toSet());
        return Stream.concat(
                        rows.stream(),
                        stories.values().stream()
                                .filter(story -> !placed.contains(story.id()))
                                .map(story -> LineageRow.nowhere(story.id(), story)))
                .toList();
    }

    private static DocumentId id(@Nullable String id) {
        try {
            return DocumentId.parse(String.valueOf(id));
        } catch (IllegalArgumentException e) {
            throw new PolyglowException(ErrorKind.USAGE, e.getMessage() + ".", e);
        }
    }

    private Map<String, DocumentStory> lookUp(
            String corpus, Function<DocumentLookup, Map<String, DocumentStory>> question) throws IOException {
        console.note("Starting Spark ...");
        try (SparkSession session = spark.session(console, "polyglow lineage " + place, place, corpus)) {
            return question.apply(DocumentLookup.open(session, corpus));
        }
    }

    private void print(List<LineageRow> rows, Map<String, DocumentStory> stories, Takedowns takedowns) {
        Map<DocumentId, Tombstone> taken = takedowns.of(
                rows.stream().map(row -> DocumentId.parse(row.id())).collect(Collectors.toSet()));
        if (json) {
            List<JsonObject> documents = rows.stream()
                    .map(row -> row.json(stories.get(row.id()), taken.get(DocumentId.parse(row.id()))))
                    .toList();
            console.line(Json.pretty(new JsonObject().put("place", place).put("documents", documents)));
            return;
        }
        boolean withStories = !stories.isEmpty();
        console.table(
                LineageRow.header(withStories),
                rows.stream()
                        .map(row -> row.cells(withStories, stories.get(row.id())))
                        .toList());
        taken.forEach((id, tombstone) -> console.line("Document " + id + " was taken out of the corpus by take-down "
                + tombstone.number() + " of " + tombstone.time() + ": " + tombstone.reason()));
    }
}
