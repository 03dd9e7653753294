package io.polyglow.benchmarks;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Trains ours and one peer, or ours in another dtype, from the same weights on the same batches, and compares their losses step by step. The dtypes are peers by their
 * names: {@code --dtype bf16 --peers f32}.
 */
final class LossCurve {
    /** Losses of so many steps are averaged at the end of the curve. */
    private static final int LAST = 50;

    private final BenchOptions options;
    private final WorkFolder folder;
    private final Consumer<String> news;

    LossCurve(BenchOptions options, WorkFolder folder, Consumer<String> news) {
        this.options = options;
        this.folder = folder;
        this.news = news;
    }

    /** Leaves both curves in {@code curve.jsonl}; the result sums them up. */
    JsonObject run() throws IOException {
        Contender ours = Contenders.ours();
        String name =
                options.peers().isEmpty() ? Contenders.TORCH : options.peers().get(0);
        boolean ofOurs = TrainPlan.DTYPES.contains(name);
        Contender peer = ofOurs ? ours : Contenders.peer(name, options, folder);
        folder.prepare(options.plan());
        new Export(folder, options.timeoutSeconds()).weights(ours);
        List<Double> own = ours.train(folder, "curve", options.timeoutSeconds()).losses();
        news.accept("ours ended at loss " + own.get(own.size() - 1));
        if (ofOurs) {
            folder.prepare(options.plan().withDtype(name));
        }
        String verb = ofOurs ? "train" : "curve";
        List<Double> theirs = Measurement.parse(peer.run(folder, verb, "curve-" + name, options.timeoutSeconds()))
                .losses();
        news.accept(name + " ended at loss " + theirs.get(theirs.size() - 1));
        write(own, name, theirs);
        return summary(options.plan(), own, theirs).put("peer", name);
    }

    private void write(List<Double> own, String name, List<Double> theirs) throws IOException {
        try (BufferedWriter lines = Files.newBufferedWriter(folder.file("curve.jsonl"))) {
            for (int i = 0; i < own.size(); i++) {
                lines.write(Json.line(new JsonObject()
                                .put("step", i + 1)
                                .put(Contenders.OURS, own.get(i))
                                .put(name, theirs.get(i)))
                        + "\n");
            }
        }
    }

    static JsonObject summary(TrainPlan plan, List<Double> own, List<Double> theirs) {
        List<Double> differences = new ArrayList<>();
        double largestRelative = 0;
        for (int i = 0; i < own.size(); i++) {
            double difference = Math.abs(own.get(i) - theirs.get(i));
            differences.add(difference);
            largestRelative = Math.max(largestRelative, difference / theirs.get(i));
        }
        int from = Math.max(0, own.size() - LAST);
        double ownEnd = mean(own.subList(from, own.size()));
        double theirEnd = mean(theirs.subList(from, theirs.size()));
        return new JsonObject()
                .put("benchmark", "loss-curve")
                .put("plan", plan.json())
                .put("steps", own.size())
                .put("first", new JsonObject().put("ours", own.get(0)).put("theirs", theirs.get(0)))
                .put(
                        "mean_of_last",
                        new JsonObject()
                                .put("steps", own.size() - from)
                                .put("ours", ownEnd)
                                .put("theirs", theirEnd))
                .put("mean_of_last_difference", ownEnd - theirEnd)
                .put("mean_of_last_ratio", ownEnd / theirEnd)
                .put("absolute_difference", Spread.of(differences).json())
                .put("largest_relative_difference", largestRelative);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
