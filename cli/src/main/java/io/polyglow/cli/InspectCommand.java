package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.Checkpoint;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow inspect}: what lies at a path. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Tells what a corpus, a checkpoint or a run holds, and verifies every byte of it.",
            "",
            "Of a run: its newest checkpoint. weights_sha256 does not depend on layout, sharding or files, so two runs with the"
                    + " same hash have the same weights."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow inspect runs/nano --json",
            "  polyglow inspect runs/nano/checkpoints/step-00000100",
            "  polyglow inspect hdfs://nn:8020/corpora/web"
        })
final class InspectCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "PATH", description = "A corpus, checkpoint or run directory, local or hdfs://...")
    private String path;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    InspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        JsonObject found = new JsonObject().put("path", path);
        try (Locations locations = new Locations()) {
            JsonObject inside = inspect(locations.resolve(path));
            inside.names().forEach(name -> found.put(name, inside.get(name)));
        }
        if (json) {
            console.line(Json.pretty(found));
        } else {
            found.names().forEach(name -> console.line(name + ": " + text(found.get(name))));
        }
        return 0;
    }

    private static String text(@Nullable Object value) {
        return value instanceof JsonObject object ? Json.line(object) : String.valueOf(value);
    }

    private static JsonObject inspect(String path) throws IOException {
        try (Store store = Stores.open(path)) {
            if (store.exists("config.yaml")) {
                return run(store);
            }
            if (!store.exists(CorpusManifest.FILE)) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        path + " is no corpus, checkpoint or run: there is neither manifest.json nor config.yaml in it."
                                + " Check the path; a directory that is still being written has another name.");
            }
        }
        return isCheckpoint(path) ? checkpoint(path) : corpus(path);
    }

    private static boolean isCheckpoint(String path) throws IOException {
        try (Store store = Stores.open(path)) {
            byte[] manifest = Stores.read(store, CorpusManifest.FILE, 256 << 20);
            return Json.parseObject(path + "/" + CorpusManifest.FILE, manifest, manifest.length)
                    .getString("format", "")
                    .equals("polyglow-checkpoint");
        }
    }

    private static JsonObject corpus(String path) throws IOException {
        try (Store store = Stores.open(path)) {
            TokenDataset corpus = TokenDataset.open(store, "");
            corpus.split(TokenDataset.TRAIN);
            corpus.split(TokenDataset.VALIDATION);
            corpus.takedowns();
            return corpus.manifest().summary().put("kind", "corpus");
        }
    }

    private static JsonObject checkpoint(String path) throws IOException {
        Place place = Place.of(path);
        try (Store store = Stores.open(place.parent())) {
            return describe(Checkpoint.open(store, place.name())).put("kind", "checkpoint");
        }
    }

    private static JsonObject run(Store store) throws IOException {
        CheckpointDirectory checkpoints = new CheckpointDirectory(store);
        JsonObject newest = checkpoints.useNewest(InspectCommand::describe);
        return newest.put("kind", "run")
                .put("checkpoint", CheckpointDirectory.path(newest.getLong("step")))
                .put("checkpoints", checkpoints.steps());
    }

    private static JsonObject describe(Checkpoint checkpoint) {
        checkpoint.verify();
        return new JsonObject()
                .put("step", checkpoint.manifest().step())
                .put("samples", checkpoint.manifest().samples())
                .put(
                        "layout",
                        new JsonObject()
                                .put("data", checkpoint.manifest().layout().data())
                                .put("pipeline", checkpoint.manifest().layout().pipeline()))
                .put("engine", checkpoint.manifest().engine())
                .put("dtype", checkpoint.manifest().dtype())
                .put("parameters", checkpoint.parameters())
                .put("weights_sha256", checkpoint.weightsSha256())
                .put("data_fingerprint", checkpoint.manifest().dataFingerprint())
                .put("tokenizer_sha256", checkpoint.manifest().tokenizerSha256())
                .put("run_id", checkpoint.manifest().runId())
                .put("attempt", checkpoint.manifest().attempt());
    }

    /** A location split into the directory that holds it and its name there. */
    private record Place(String parent, String name) {
        static Place of(String path) {
            String trimmed = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
            int slash = trimmed.lastIndexOf('/');
            if (slash < 0) {
                return new Place(".", trimmed);
            }
            return new Place(slash == 0 ? "/" : trimmed.substring(0, slash), trimmed.substring(slash + 1));
        }
    }
}
