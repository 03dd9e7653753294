package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.plan.Throughput;
import java.util.ArrayList;
import java.util.List;

/** All rounds of one contender. */
record Row(String name, TrainPlan plan, List<Measurement> rounds) {
    Row {
        rounds = List.copyOf(rounds);
    }

    /** The type of its matrix products. */
    String dtype() {
        return rounds.get(0).dtype();
    }

    /** Timed steps of all rounds, of a slow peer fewer than the plan has. */
    int timedSteps() {
        return rounds.stream().mapToInt(round -> round.timed().size()).sum();
    }

    int plannedSteps() {
        return rounds.size() * plan.steps();
    }

    /** Of the round that warmed up least: what a JVM needs before its loops are compiled is seconds, not steps. */
    double warmupSeconds() {
        return rounds.stream()
                .mapToDouble(round -> round.stepSeconds().subList(0, round.warmup()).stream()
                        .mapToDouble(Double::doubleValue)
                        .sum())
                .min()
                .orElse(0);
    }

    /** Over the timed steps of all rounds. */
    Spread stepSeconds() {
        List<Double> all = new ArrayList<>();
        rounds.forEach(round -> all.addAll(round.timed()));
        return Spread.of(all);
    }

    /** Tokens per second of one round, by its median step. */
    double tokensPerSecond(int round) {
        return plan.tokensPerStep() / Spread.of(rounds.get(round).timed()).median();
    }

    Spread tokensPerSecond() {
        return stepSeconds().map(seconds -> plan.tokensPerStep() / seconds);
    }

    /** Of the model's arithmetic, whatever the contender really computed. */
    Spread teraflops() {
        double flops = Throughput.flopsPerToken(plan.shape());
        return tokensPerSecond().map(tokens -> tokens * flops / 1e12);
    }

    /** How many times as many tokens per second as the other, round by round. */
    Spread ratioTo(Row other) {
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < Math.min(rounds.size(), other.rounds.size()); round++) {
            ratios.add(tokensPerSecond(round) / other.tokensPerSecond(round));
        }
        return Spread.of(ratios);
    }

    long peakRssBytes() {
        return rounds.stream().mapToLong(Measurement::peakRssBytes).max().orElse(0);
    }

    long peakDeviceBytes() {
        return rounds.stream().mapToLong(Measurement::peakDeviceBytes).max().orElse(0);
    }

    /** Of the round that left most, in bytes. */
    double garbagePerStep() {
        return rounds.stream().mapToDouble(Measurement::garbagePerStep).max().orElse(0);
    }

    /** The best of the rounds' square products, in TFLOP/s; 0 when none was timed. */
    double peakTeraflops() {
        return rounds.stream().mapToDouble(Measurement::peakFlops).max().orElse(0) / 1e12;
    }

    /** Model FLOPs utilisation: the median step's part of the peak; 0 without a peak. */
    double utilisation() {
        double peak = peakTeraflops();
        return peak == 0 ? 0 : teraflops().median() / peak;
    }

    /** Of the round in which the device waited most. */
    double hostShare() {
        return rounds.stream().mapToDouble(Measurement::hostShare).max().orElse(0);
    }

    double firstLoss() {
        return rounds.get(0).losses().get(0);
    }

    JsonObject json() {
        JsonObject json = new JsonObject()
                .put("name", name)
                .put("description", rounds.get(0).description())
                .put("dtype", dtype())
                .put("rounds", rounds.size())
                .put("timed_steps", timedSteps())
                .put("warmup_seconds", warmupSeconds())
                .put("seconds_per_step", stepSeconds().json())
                .put("tokens_per_second", tokensPerSecond().json())
                .put("tflops", teraflops().json())
                .put(
                        "start_seconds",
                        Spread.of(rounds.stream().map(Measurement::startSeconds).toList())
                                .json())
                .put(
                        "first_step_seconds",
                        Spread.of(rounds.stream()
                                        .map(m -> m.stepSeconds().get(0))
                                        .toList())
                                .json())
                .put("peak_rss_bytes", peakRssBytes())
                .put("peak_device_bytes", peakDeviceBytes())
                .put("garbage_bytes_per_step", garbagePerStep())
                .put("first_loss", firstLoss())
                .put(
                        "last_loss",
                        rounds.get(0).losses().get(rounds.get(0).losses().size() - 1));
        if (peakTeraflops() > 0) {
            json.put("peak_tflops", peakTeraflops()).put("mfu", utilisation()).put("host_share", hostShare());
        }
        return json;
    }
}
