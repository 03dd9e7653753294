package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Times training steps of ours and of peers in turn, each run in a process of its own, after a check that all compute the same loss. */
final class TrainStepBench {
    private static final double F32_TOLERANCE = 2e-3;
    private static final double BF16_TOLERANCE = 2e-2;

    private final BenchOptions options;
    private final WorkFolder folder;
    private final Consumer<String> news;
    private final Map<String, String> failed = new LinkedHashMap<>();
    private final Map<String, Double> losses = new LinkedHashMap<>();

    TrainStepBench(BenchOptions options, WorkFolder folder, Consumer<String> news) {
        this.options = options;
        this.folder = folder;
        this.news = news;
    }

    TrainStepReport run() throws IOException {
        TrainPlan plan = options.plan();
        Contender ours = Contenders.ours();
        List<Contender> contenders = new ArrayList<>(List.of(ours));
        for (String name : options.peers()) {
            contenders.add(Contenders.peer(name, options, folder));
        }
        folder.prepare(plan);
        if (options.check() && contenders.size() > 1) {
            checkLoss(ours, contenders.get(1));
        }
        Map<String, List<Measurement>> rounds = new LinkedHashMap<>();
        List<JsonObject> ideal = new ArrayList<>();
        contenders.forEach(contender -> rounds.put(contender.name(), new ArrayList<>()));
        for (int round = 1; round <= options.rounds(); round++) {
            for (Contender contender : contenders) {
                time(contender, round, rounds);
            }
            ideal.add(ours.run(folder, "ideal", "ideal-" + round, options.timeoutSeconds()));
        }
        return TrainStepReport.of(plan, rounds, failed, losses, ideal);
    }

    private void time(Contender contender, int round, Map<String, List<Measurement>> rounds) throws IOException {
        String name = contender.name();
        if (failed.containsKey(name)) {
            return;
        }
        try {
            Measurement measurement = contender.train(folder, "round-" + round, options.timeoutSeconds());
            requireSameLoss(name, measurement.losses().get(0));
            rounds.getOrDefault(name, List.of()).add(measurement);
            news.accept(String.format(
                    Locale.ROOT,
                    "round %d: %-13s %.4f s/step, loss %.4f",
                    round,
                    name,
                    Spread.of(measurement.timed(options.plan().warmup())).median(),
                    measurement.losses().get(0)));
        } catch (PolyglowException e) {
            if (name.equals(Contenders.OURS)) {
                throw e;
            }
            // a peer that cannot run here does not keep the others from being timed
            failed.put(name, e.getMessage());
            news.accept(name + " failed: " + e.getMessage());
        }
    }

    private void checkLoss(Contender ours, Contender peer) throws IOException {
        double own = new Export(folder, options.timeoutSeconds()).loss(ours);
        losses.put(ours.name(), own);
        double theirs =
                peer.run(folder, "loss", "loss", options.timeoutSeconds()).getDouble("loss");
        losses.put(peer.name(), theirs);
        news.accept(String.format(
                Locale.ROOT,
                "loss of the same weights on the same tokens: ours %.5f, %s %.5f",
                own,
                peer.name(),
                theirs));
        requireSameLoss(peer.name(), theirs);
    }

    private void requireSameLoss(String name, double loss) {
        Double own = losses.get(Contenders.OURS);
        double tolerance = options.plan().dtype().equals("f32") ? F32_TOLERANCE : BF16_TOLERANCE;
        if (own != null && !(Math.abs(own - loss) <= tolerance)) {
            throw new PolyglowException(
                    ErrorKind.NUMERIC,
                    name + " has loss " + loss + ", ours was " + own
                            + " on the same weights and tokens, further apart than " + tolerance
                            + ": they do not compute the same, so nothing is timed; --no-check times them anyway");
        }
    }
}
