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

/**
 * Times training steps of ours and of peers in turn, each run in a process of its own, after a check that each computes the same loss. A peer that does not, or
 * that cannot run here, is left out with its reason; the others go on.
 */
final class TrainStepBench {
    /** Between losses of the same weights on the same tokens, in nats: what sums in another order make. */
    static final double F32_TOLERANCE = 2e-4;

    /** The same where ours computes in bf16: several times what that and libtorch's autocast have shown. */
    static final double BF16_TOLERANCE = 2e-3;

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
        List<Contender> peers = new ArrayList<>();
        for (String name : options.peers()) {
            peers.add(Contenders.peer(name, options, folder));
        }
        return run(Contenders.ours(), peers);
    }

    TrainStepReport run(Contender ours, List<Contender> peers) throws IOException {
        folder.prepare(options.plan());
        List<Contender> contenders = new ArrayList<>(List.of(ours));
        contenders.addAll(peers);
        if (options.check() && !peers.isEmpty()) {
            checkLosses(ours, peers);
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
        return TrainStepReport.of(options.plan(), rounds, failed, losses, ideal);
    }

    private void checkLosses(Contender ours, List<Contender> peers) throws IOException {
        double own = new Export(folder, options.timeoutSeconds()).loss(ours);
        losses.put(ours.name(), own);
        news.accept(String.format(Locale.ROOT, "loss of the weights on the first batch: %s %.5f", ours.name(), own));
        for (Contender peer : peers) {
            tryPeer(peer, () -> {
                double theirs = peer.run(folder, "loss", "loss", options.timeoutSeconds())
                        .getDouble("loss");
                losses.put(peer.name(), theirs);
                news.accept(String.format(Locale.ROOT, "the same of %s: %.5f", peer.name(), theirs));
                requireSameLoss(peer.name(), theirs);
            });
        }
    }

    private void time(Contender contender, int round, Map<String, List<Measurement>> rounds) throws IOException {
        tryPeer(contender, () -> {
            String name = contender.name();
            Measurement measurement = contender.train(folder, "round-" + round, options.timeoutSeconds());
            double loss = measurement.losses().get(0);
            requireSameLoss(name, loss);
            rounds.getOrDefault(name, List.of()).add(measurement);
            double seconds = Spread.of(measurement.timed()).median();
            news.accept(
                    String.format(Locale.ROOT, "round %d: %-13s %.4f s/step, loss %.4f", round, name, seconds, loss));
        });
    }

    /** What one contender is asked to do. */
    private interface Work {
        void run() throws IOException;
    }

    /** A peer that cannot run here does not keep the others from being timed; nothing is timed without ours. */
    private void tryPeer(Contender contender, Work work) throws IOException {
        if (failed.containsKey(contender.name())) {
            return;
        }
        try {
            work.run();
        } catch (PolyglowException e) {
            if (contender.name().equals(Contenders.OURS)) {
                throw e;
            }
            failed.put(contender.name(), e.getMessage());
            news.accept(contender.name() + " is left out: " + e.getMessage());
        }
    }

    private void requireSameLoss(String name, double loss) {
        Double own = losses.get(Contenders.OURS);
        double tolerance = options.plan().dtype().equals("f32") ? F32_TOLERANCE : BF16_TOLERANCE;
        if (own != null && !(Math.abs(own - loss) <= tolerance)) {
            throw new PolyglowException(
                    ErrorKind.NUMERIC,
                    name + " has loss " + loss + ", ours was " + own
                            + " on the same weights and tokens, further apart than " + tolerance
                            + ": they do not compute the same; --no-check times them anyway");
        }
    }
}
