package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.dataprep.spark.DocumentLookup;
import io.polyglow.dataprep.spark.TakedownJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.agrona.concurrent.SystemEpochClock;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow takedown}: takes documents out of a corpus. */
@Command(
        name = "takedown",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Takes documents out of a corpus's token shards, rewriting only the shards that hold them, and leaves a tombstone.",
            "",
            "Documents with the same text go too. A later prepare of the corpus leaves them out, also those that no shard"
                    + " holds now; runs that were trained on them cannot be resumed. report.html and DATACARD.md, which"
                    + " tell of the corpus before and may show the texts, are deleted; prepare with the settings of the"
                    + " corpus makes them again. Texts stay in the raw input and in CORPUS.stages: delete them there"
                    + " yourself.",
            "While a prepare or another takedown is at work on the corpus this is refused, and the other way round. Nobody"
                    + " may read the corpus meanwhile; killed at any moment, it is the old corpus or the new one."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow takedown data/web --source pages.jsonl:417 --reason 'author, by mail of 3 May'",
            "  polyglow takedown hdfs://nn:8020/corpora/web --ids ids.txt --reason 'court order 12/26'"
        })
final class TakedownCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "CORPUS", description = "The corpus, local or hdfs://...")
    private String corpus;

    @Option(names = "--ids", paramLabel = "FILE", description = "A file with document ids, 32 hex digits, one a line.")
    private @Nullable Path ids;

    @Option(
            names = "--source",
            paramLabel = "FILE[:LINE]",
            description =
                    "A source as reports name it: all of its documents, or the one of that line. May be repeated.")
    private List<String> sources = new ArrayList<>();

    @Option(names = "--url", paramLabel = "URL", description = "The address of documents. May be repeated.")
    private List<String> urls = new ArrayList<>();

    @Option(
            names = "--reason",
            required = true,
            paramLabel = "TEXT",
            description = "Who asked for it and why; goes into the tombstone.")
    private String reason;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    @Mixin
    private SparkOptions spark;

    TakedownCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        List<String> wanted = readIds();
        if (wanted.isEmpty() && sources.isEmpty() && urls.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "name what to take down: --ids FILE, --source FILE[:LINE] or --url URL.");
        }
        try (Locations locations = new Locations()) {
            String place = locations.address(corpus);
            Instant now = Instant.ofEpochMilli(SystemEpochClock.INSTANCE.time());
            report(TakedownJob.run(place, () -> taken(place, wanted), reason, now));
        }
        return 0;
    }

    private List<String> readIds() {
        if (ids == null) {
            return List.of();
        }
        List<String> lines = lines(ids);
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).matches("[0-9a-f]{32}")) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        ids + ": \"" + lines.get(i) + "\" is not the id of a document, 32 hex digits in lower case.");
            }
        }
        return lines;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA, "The ids " + file + " cannot be read: " + Reasons.of(e) + ".", e);
        }
    }

    /** With the tables of documents: also those with the same text, and the hashes that keep the text out for good. */
    private List<Tombstone.Taken> taken(String place, List<String> wanted) throws IOException {
        if (sources.isEmpty() && urls.isEmpty() && !DocumentLookup.isPossible(place)) {
            console.note("The tables of documents are not beside the corpus: going by ids alone. Equal texts from other"
                    + " places are not found.");
            return wanted.stream()
                    .map(id -> new Tombstone.Taken(DocumentId.parse(id), null))
                    .toList();
        }
        console.note("Starting Spark ...");
        try (SparkSession session = spark.session(console, "polyglow takedown " + corpus, place)) {
            DocumentLookup documents = DocumentLookup.open(session, place);
            if (!sources.isEmpty() || !urls.isEmpty()) {
                requireMatched(documents.unmatched(sources, urls));
            }
            List<Tombstone.Taken> taken = documents.withEquals(wanted, sources, urls);
            requireKnown(wanted, taken);
            return taken;
        }
    }

    private void requireMatched(List<String> unmatched) {
        if (!unmatched.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "No document of " + corpus + " comes from " + unmatched.get(0) + ": "
                            + Console.count(unmatched.size(), "name") + " of " + (sources.size() + urls.size())
                            + " given by --source and --url match none. Nothing was taken out. Correct them, or leave"
                            + " them out.");
        }
    }

    private void requireKnown(List<String> wanted, List<Tombstone.Taken> taken) {
        Set<String> unknown = new TreeSet<>(wanted);
        taken.forEach(known -> unknown.remove(known.id().toString()));
        if (!unknown.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "No document of " + corpus + " has the id "
                            + unknown.iterator().next() + ": "
                            + Console.count(unknown.size(), "id") + " of " + wanted.size()
                            + " named are unknown. Nothing was taken out. Correct the ids, or leave these out.");
        }
    }

    private void report(Tombstone tombstone) {
        if (json) {
            JsonArray documents = new JsonArray();
            tombstone
                    .documents()
                    .forEach(document -> documents.add(document.id().toString()));
            console.line(Json.pretty(new JsonObject()
                    .put("number", tombstone.number())
                    .put("documents", documents)
                    .put("shards", tombstone.shards())
                    .put("old_fingerprint", tombstone.oldFingerprint())
                    .put("new_fingerprint", tombstone.newFingerprint())));
            return;
        }
        console.line("Take-down " + tombstone.number() + ": "
                + Console.count(tombstone.documents().size(), "document")
                + (tombstone.shards().isEmpty()
                        ? ", in no shard: none was rewritten, and a later prepare leaves them out"
                        : ", rewritten: " + String.join(", ", tombstone.shards())));
        console.line("Fingerprint: " + tombstone.newFingerprint());
        console.line(
                "report.html and DATACARD.md told of the corpus before and are deleted; manifest.json has the counts"
                        + " of now, and prepare with the settings of the corpus makes both again. Texts are still in"
                        + " the raw input and in " + corpus + ".stages.");
    }
}
