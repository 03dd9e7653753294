package io.polyglow.benchmarks;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.trainer.data.DataOrder;
import io.polyglow.trainer.data.Packing;
import io.polyglow.trainer.data.Sample;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder through which the processes of a benchmark hand things to one another: {@code plan.json}; {@code corpus-.../}; {@code tokens.i32}, the
 * samples in the order of training, context + 1 little-endian ids each; {@code weights-.../}, a run whose only checkpoint holds the initial weights. Corpora
 * and weights are named after what they are made of, so plans that share them can share a folder.
 */
record WorkFolder(Path root) {
    /** The samples in the order of training. */
    static final String TOKENS = "tokens.i32";

    private static final long MAX_TOKENS = 20_000_000;
    private static final int MAX_JSON_BYTES = 64 << 20;

    Path file(String name) {
        return root.resolve(name);
    }

    TrainPlan plan() throws IOException {
        return TrainPlan.parse(json("plan.json"));
    }

    JsonObject json(String name) throws IOException {
        Path file = file(name);
        return Json.parseObject(file.toString(), Files.readAllBytes(file), MAX_JSON_BYTES);
    }

    void write(String name, JsonObject json) throws IOException {
        Files.writeString(file(name), Json.pretty(json));
    }

    Store corpus(TrainPlan plan) {
        return new LocalStore(
                file("corpus-" + plan.shape().vocabSize() + "-" + wantedTokens(plan) + "-" + plan.seed()));
    }

    Path weights(TrainPlan plan) {
        return file("weights-" + plan.model() + "-" + plan.context() + "-" + plan.seed());
    }

    /** The checkpoint of the initial weights, a Hugging Face model directory. */
    Path checkpoint(TrainPlan plan) {
        return weights(plan).resolve("checkpoints").resolve("step-00000001");
    }

    private static long wantedTokens(TrainPlan plan) {
        long samples = (long) plan.allSteps() * plan.batch() + 1;
        return Math.min(MAX_TOKENS, samples * plan.context() + 1);
    }

    /** Writes plan, corpus and tokens. */
    void prepare(TrainPlan plan) throws IOException {
        Files.createDirectories(root);
        JsonObject json =
                plan.json().put("checkpoint", checkpoint(plan).toAbsolutePath().toString());
        write("plan.json", json);
        try (Store store = corpus(plan)) {
            if (!store.exists(CorpusManifest.FILE)) {
                RandomCorpus.write(store, plan.shape().vocabSize(), wantedTokens(plan), plan.seed());
            }
            writeTokens(plan, TokenDataset.open(store, ""));
        }
    }

    /** The samples that training sees, as it sees them. */
    private void writeTokens(TrainPlan plan, TokenDataset corpus) throws IOException {
        int T = plan.context();
        TokenSplit split = corpus.split(TokenDataset.TRAIN);
        DataOrder order =
                DataOrder.of(corpus.manifest().fingerprint(), plan.seed(), split.index(), T, Packing.CONCAT, false);
        Sample window = new Sample();
        int[] tokens = new int[T + 1];
        ByteBuffer bytes = ByteBuffer.allocate(tokens.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file(TOKENS)))) {
            for (long sample = 0; sample < (long) plan.allSteps() * plan.batch(); sample++) {
                order.get(sample, window);
                split.tokens(window.firstToken(0), tokens.length, tokens);
                bytes.asIntBuffer().put(tokens);
                out.write(bytes.array());
            }
        }
    }

    /** Deletes a file or a folder with all that is in it, if it is there. */
    static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> files = Files.walk(tree)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.delete(file);
            }
        }
    }
}
