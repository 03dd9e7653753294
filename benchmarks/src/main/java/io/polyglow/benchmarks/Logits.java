package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.checkpoint.CheckpointLoader;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.CachedModel;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.tensor.DType;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;

/** Compares f32 logits of the exported weights with those of Hugging Face Transformers, at the first positions of the first samples. */
final class Logits {
    private static final int POSITIONS = 32;
    private static final String FILE = "logits.f32";

    private Logits() {}

    /** Has ours and the peer compute; the result tells how far apart they are. */
    static JsonObject compare(BenchOptions options, WorkFolder folder) throws IOException {
        TrainPlan plan = options.plan();
        Contender ours = Contenders.ours();
        Contender peer = Contenders.peer(Contenders.TORCH, options, folder);
        folder.prepare(plan);
        new Export(folder, options.timeoutSeconds()).weights(ours);
        ours.run(folder, "predict", "predict", options.timeoutSeconds());
        JsonObject result = peer.run(folder, "logits", "logits", options.timeoutSeconds());
        return new JsonObject()
                .put("benchmark", "logits")
                .put("plan", plan.json())
                .put("result", result);
    }

    /** Writes {@code logits.f32}: for each position, for each sequence, V little-endian floats. */
    static JsonObject predict(WorkFolder folder, TrainPlan plan, Engine engine) throws IOException {
        ModelConfig shape = plan.shape();
        int B = plan.batch();
        int positions = Math.min(POSITIONS, plan.context());
        int[] tokens = firstTokens(folder, B, plan.context() + 1, positions);
        try (Store run = new LocalStore(folder.weights(plan));
                StageModel model = new StageModel(engine, shape, StagePlan.of(shape, 0, 1), DType.F32, 1, 1, 1)) {
            CheckpointLoader.loadWeights(new CheckpointDirectory(run).open(1), engine, model.parameters());
            try (CachedModel cached = new CachedModel(engine, shape, model.parameters(), B);
                    OutputStream out = Files.newOutputStream(folder.file(FILE))) {
                feed(cached, tokens, positions, out);
            }
        }
        return new JsonObject().put("file", FILE).put("sequences", B).put("positions", positions);
    }

    private static void feed(CachedModel model, int[] tokens, int positions, OutputStream out) throws IOException {
        int B = model.sequences();
        double[] logits = new double[B * model.vocabSize()];
        int[] column = new int[B];
        ByteBuffer bytes = ByteBuffer.allocate(logits.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int t = 0; t < positions; t++) {
            for (int b = 0; b < B; b++) {
                column[b] = tokens[b * positions + t];
            }
            model.feed(column, 1, t);
            model.logits(logits);
            for (int i = 0; i < logits.length; i++) {
                bytes.putFloat(i * Float.BYTES, (float) logits[i]);
            }
            out.write(bytes.array());
        }
    }

    private static int[] firstTokens(WorkFolder folder, int samples, int window, int positions) throws IOException {
        int[] tokens = new int[samples * positions];
        try (InputStream in = Files.newInputStream(folder.file(WorkFolder.TOKENS))) {
            for (int b = 0; b < samples; b++) {
                byte[] bytes = in.readNBytes(window * Integer.BYTES);
                if (bytes.length < window * Integer.BYTES) {
                    throw new EOFException(folder.file(WorkFolder.TOKENS) + " has fewer than " + samples + " samples");
                }
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asIntBuffer()
                        .get(tokens, b * positions, positions);
            }
        }
        return tokens;
    }
}
