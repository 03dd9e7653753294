package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Who was how fast.
 *
 * @param rows ours first
 * @param failed why contenders are missing, by name
 * @param lossCheck losses of the same weights on the same tokens by name, empty when they were not compared
 * @param ideal round by round, what {@link IdealTime} measured
 */
record TrainStepReport(
        TrainPlan plan,
        List<Row> rows,
        Map<String, String> failed,
        Map<String, Double> lossCheck,
        List<JsonObject> ideal) {
    private static final List<String> HEADER =
            List.of("", "type", "steps", "s/step", "tokens/s", "TFLOP/s", "host MiB", "device MiB", "ours / theirs");

    /** One JSON object: the plan, the rows, {@code ratio_to.PEER}, and how the ratios spread. */
    JsonObject json() {
        JsonObject ratioTo = new JsonObject();
        JsonObject ratios = new JsonObject();
        for (Row peer : rows.subList(1, rows.size())) {
            Spread ratio = rows.get(0).ratioTo(peer);
            ratioTo.put(peer.name(), ratio.median());
            ratios.put(peer.name(), ratio.json());
        }
        return new JsonObject()
                .put("benchmark", "train-step")
                .put("plan", plan.json())
                .put("rows", rows.stream().map(Row::json).toList())
                .put("ratio_to", ratioTo)
                .put("ratios", ratios)
                .put("loss_check", lossCheck)
                .put("ideal", ideal)
                .put("ideal_over_step", idealOverStep().json())
                .put("failed", failed);
    }

    /** How much of ours' median step the products alone would take, round by round. */
    Spread idealOverStep() {
        List<Double> shares = new ArrayList<>();
        for (int round = 0; round < ideal.size(); round++) {
            shares.add(
                    ideal.get(round).getDouble("seconds") * rows.get(0).tokensPerSecond(round) / plan.tokensPerStep());
        }
        return Spread.of(shares);
    }

    /** A table: min - median - max in each cell. */
    List<String> lines() {
        List<List<String>> cells = new ArrayList<>();
        cells.add(HEADER);
        for (Row row : rows) {
            boolean ours = row.name().equals(Contenders.OURS);
            cells.add(List.of(
                    row.name(),
                    row.dtype(),
                    steps(row),
                    row.stepSeconds().text("%.4f"),
                    row.tokensPerSecond().text("%,.0f"),
                    row.teraflops().text("%.3g"),
                    mebibytes(row.peakRssBytes()),
                    mebibytes(row.peakDeviceBytes()),
                    ours ? "" : rows.get(0).ratioTo(row).text("%.3f")));
        }
        List<String> lines = new ArrayList<>(Columns.align(cells));
        lines.add("ideal time / step time of ours: " + idealOverStep().text("%.3f")
                + String.format(
                        Locale.ROOT,
                        "; garbage per step: %,.0f bytes",
                        rows.get(0).garbagePerStep()));
        lines.add(String.format(
                Locale.ROOT,
                "model FLOPs utilisation of ours: %.3f of %.3g TFLOP/s, a square product in %s; device idle for the host: at least %.2f %%",
                rows.get(0).utilisation(),
                rows.get(0).peakTeraflops(),
                rows.get(0).dtype(),
                100 * rows.get(0).hostShare()));
        failed.forEach((name, why) ->
                lines.add(name + " failed: " + why.lines().findFirst().orElse(why)));
        return lines;
    }

    private static String steps(Row row) {
        return row.timedSteps() == row.plannedSteps()
                ? Integer.toString(row.timedSteps())
                : row.timedSteps() + " of " + row.plannedSteps();
    }

    private static String mebibytes(long bytes) {
        return bytes == 0 ? "-" : String.format(Locale.ROOT, "%,d", bytes >> 20);
    }

    /** Rows in the order in which contenders were named. */
    static TrainStepReport of(
            TrainPlan plan,
            Map<String, List<Measurement>> rounds,
            Map<String, String> failed,
            Map<String, Double> lossCheck,
            List<JsonObject> ideal) {
        List<Row> rows = new ArrayList<>();
        rounds.forEach((name, measured) -> {
            if (!measured.isEmpty()) {
                rows.add(new Row(name, plan, measured));
            }
        });
        return new TrainStepReport(
                plan,
                List.copyOf(rows),
                new LinkedHashMap<>(failed),
                new LinkedHashMap<>(lossCheck),
                List.copyOf(ideal));
    }
}
