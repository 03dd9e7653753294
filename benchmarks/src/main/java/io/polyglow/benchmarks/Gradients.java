package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.checkpoint.CheckpointLoader;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.model.ParameterTable;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Compares gradients of the initial weights on the first micro-batch: ours in the plan's types with a peer's in f32, as vectors. Both are handed over as a file
 * of little-endian floats, parameter after parameter in the order of {@link ParameterTable}.
 */
final class Gradients {
    private static final int CHUNK = 1 << 16;

    private Gradients() {}

    /** Has ours and the peer compute; the result tells how far apart they are. */
    static JsonObject compare(BenchOptions options, WorkFolder folder) throws IOException {
        if (options.peers().size() != 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "gradients are compared with those of one peer: --peers libtorch");
        }
        TrainPlan plan = options.plan();
        Contender ours = Contenders.ours();
        // it hands its gradients over in arrays: all of them, one of them twice more, and what 1 GiB is enough for else
        long heap = 1024 + ((ParameterTable.size(plan.shape()) * 2 * Float.BYTES) >> 20);
        Contender peer =
                Contenders.peer(options.peers().get(0), options, folder).withHeap(heap);
        folder.prepare(plan);
        new Export(folder, options.timeoutSeconds()).weights(ours);
        JsonObject own = ours.run(folder, "gradients-of-ours", "gradients", options.timeoutSeconds());
        JsonObject theirs = peer.run(folder, "gradients", "gradients", options.timeoutSeconds());
        JsonObject distance = distance(plan, Path.of(own.getString("file")), Path.of(theirs.getString("file")));
        return new JsonObject()
                .put("benchmark", "gradients")
                .put("plan", plan.json())
                .put("loss", own.getDouble("loss"))
                .put("peer_loss", theirs.getDouble("loss"))
                .put("distance", distance);
    }

    /** Ours, in this process. */
    static JsonObject ours(WorkFolder folder, TrainPlan plan, Engine engine) throws IOException {
        DType compute = DType.valueOf(plan.dtype().toUpperCase(Locale.ROOT));
        int rows = plan.micro() * plan.context();
        try (Store run = new LocalStore(folder.weights(plan));
                SampleReader samples = new SampleReader(folder.file(WorkFolder.TOKENS), plan.context());
                StageModel model = new StageModel(
                        engine,
                        plan.shape(),
                        StagePlan.of(plan.shape(), 0, 1),
                        compute,
                        plan.micro(),
                        plan.context(),
                        1);
                GradientSet gradients = model.newGradients()) {
            CheckpointLoader.loadWeights(new CheckpointDirectory(run).open(1), engine, model.parameters());
            int[][] first = samples.next(plan.micro(), plan.micro())[0];
            model.setTokens(0, PeerModel.column(first, 0));
            model.setTargets(0, PeerModel.column(first, 1));
            model.forward(0);
            model.backward(0, gradients, 1.0 / rows);
            Tensor headUse = gradients.headUse();
            if (headUse != null) {
                engine.kernels().add(gradients.gradient(0), headUse);
            }
            Path file = folder.file("gradients-" + Contenders.OURS + ".f32");
            write(file, engine, gradients, ParameterTable.of(plan.shape()).size());
            return result(file, model.lossSum(0) / rows);
        }
    }

    /** A peer's. */
    static JsonObject theirs(WorkFolder folder, TrainPlan plan, PeerModel model) throws IOException {
        try (SampleReader samples = new SampleReader(folder.file(WorkFolder.TOKENS), plan.context())) {
            int[][] first = samples.next(plan.micro(), plan.micro())[0];
            Map<String, float[]> gradients = model.gradients(first);
            Path file = folder.file("gradients-peer.f32");
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), CHUNK)) {
                for (ParameterSpec parameter : ParameterTable.of(plan.shape())) {
                    float[] values = Objects.requireNonNull(gradients.get(parameter.name()), parameter.name());
                    ByteBuffer bytes =
                            ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                    bytes.asFloatBuffer().put(values);
                    out.write(bytes.array());
                }
            }
            return result(file, model.loss(first));
        }
    }

    private static JsonObject result(Path file, double loss) {
        return new JsonObject().put("file", file.toString()).put("loss", loss);
    }

    private static void write(Path file, Engine engine, GradientSet gradients, int parameters) throws IOException {
        UnsafeBuffer chunk = new UnsafeBuffer(new byte[CHUNK * Float.BYTES]);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), CHUNK)) {
            for (int index = 0; index < parameters; index++) {
                Tensor gradient = gradients.gradient(index);
                for (long from = 0; from < gradient.size(); from += CHUNK) {
                    int count = (int) Math.min(CHUNK, gradient.size() - from);
                    engine.read(gradient.slice(from, count), chunk, 0);
                    out.write(chunk.byteArray(), 0, count * Float.BYTES);
                }
            }
        }
    }

    /**
     * {@code relative_l2}: |ours - theirs| / |theirs| over all parameters; {@code worst} and {@code worst_relative_l2}: the parameter that is furthest apart, of those
     * whose gradient is not noise.
     */
    static JsonObject distance(TrainPlan plan, Path ours, Path theirs) throws IOException {
        List<ParameterSpec> table = ParameterTable.of(plan.shape());
        double[] difference = new double[table.size()];
        double[] size = new double[table.size()];
        try (FileChannel own = FileChannel.open(ours);
                FileChannel other = FileChannel.open(theirs)) {
            long at = 0;
            for (int index = 0; index < table.size(); index++) {
                long bytes = table.get(index).size() * Float.BYTES;
                ByteBuffer a = own.map(MapMode.READ_ONLY, at, bytes).order(ByteOrder.LITTLE_ENDIAN);
                ByteBuffer b = other.map(MapMode.READ_ONLY, at, bytes).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < bytes; i += Float.BYTES) {
                    double expected = b.getFloat(i);
                    double apart = a.getFloat(i) - expected;
                    difference[index] += apart * apart;
                    size[index] += expected * expected;
                }
                at += bytes;
            }
        }
        return summary(table, difference, size);
    }

    private static JsonObject summary(List<ParameterSpec> table, double[] difference, double[] size) {
        double apart = 0;
        double all = 0;
        for (int index = 0; index < size.length; index++) {
            apart += difference[index];
            all += size[index];
        }
        int worst = 0;
        for (int index = 1; index < size.length; index++) {
            boolean noise = size[index] < 1e-8 * all;
            if (!noise && difference[index] / size[index] > difference[worst] / size[worst]) {
                worst = index;
            }
        }
        return new JsonObject()
                .put("relative_l2", Math.sqrt(apart / all))
                .put("worst", table.get(worst).name())
                .put("worst_relative_l2", Math.sqrt(difference[worst] / size[worst]));
    }
}
