package io.polyglow.notebook;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;

/** Pictures and tables of one training run, drawn from its {@code metrics.jsonl}. */
public final class RunReport {
    private static final double SMOOTHING = 0.95;

    private final String run;
    private final List<JsonObject> steps;

    private RunReport(String run, List<JsonObject> steps) {
        this.run = run;
        this.steps = steps;
    }

    /** Reads the metrics of the run directory that {@code store} holds at its root. */
    public static RunReport read(Store store) throws IOException {
        List<JsonObject> steps = new ArrayList<>();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(store.open("metrics.jsonl", 0), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                steps.add(
                        Json.parseObject("metrics.jsonl:" + (steps.size() + 1), line.getBytes(StandardCharsets.UTF_8)));
            }
        }
        if (steps.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA, store.root() + "/metrics.jsonl has no step yet; train for a while first.");
        }
        return new RunReport(store.root(), steps);
    }

    /** The run in numbers: steps, tokens, last and best losses, median throughput. */
    public Html summary() {
        JsonObject last = steps.get(steps.size() - 1);
        List<Double> speeds = values("tokens_per_second").y().stream().sorted().toList();
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("run", run.substring(run.lastIndexOf('/') + 1)));
        rows.add(List.of("steps", String.valueOf(last.getLong("step"))));
        rows.add(List.of("tokens", String.format(Locale.ROOT, "%,d", last.getLong("tokens"))));
        rows.add(List.of("epochs", String.format(Locale.ROOT, "%.2f", last.getDouble("epoch"))));
        rows.add(List.of("loss, last", number(last.getDouble("loss"))));
        List<Double> validation = values("validation_loss").y();
        if (!validation.isEmpty()) {
            rows.add(List.of("held-out loss, last", number(validation.get(validation.size() - 1))));
            rows.add(List.of("held-out loss, best", number(Collections.min(validation))));
        }
        if (!speeds.isEmpty()) {
            rows.add(List.of("tokens/s, median", String.format(Locale.ROOT, "%,.0f", speeds.get(speeds.size() / 2))));
        }
        return Html.table(List.of("what", "value"), rows);
    }

    /** Training loss (thin), its exponential moving average, and held-out loss. */
    public XYChart loss() {
        XYChart chart = Charts.lines("Loss", "step", "nats per token");
        Series loss = values("loss");
        Charts.add(chart, "training", loss, Charts.Line.FAINT);
        Charts.add(chart, "training, smoothed", loss.smoothed(SMOOTHING), Charts.Line.SOLID);
        Charts.add(chart, "held-out", values("validation_loss"), Charts.Line.MARKED);
        return chart;
    }

    /** Tokens per second over all ranks. */
    public XYChart throughput() {
        XYChart chart = Charts.lines("Throughput", "step", "tokens / s");
        Charts.add(chart, "tokens / s", values("tokens_per_second"), Charts.Line.SOLID);
        return chart;
    }

    /** Learning rate and gradient norm, each scaled to its own maximum, to see one beside the other. */
    public XYChart optimizer() {
        XYChart chart = Charts.lines("Learning rate and gradient norm", "step", "share of maximum");
        Charts.add(chart, "learning rate", values("lr").relative(), Charts.Line.SOLID);
        Charts.add(chart, "gradient norm", values("grad_norm").relative(), Charts.Line.FAINT);
        return chart;
    }

    /** Held-out loss per language at the last evaluation, best first. */
    public Html languages() {
        for (int i = steps.size() - 1; i >= 0; i--) {
            if (steps.get(i).has("validation_loss_by_language")) {
                JsonObject losses = steps.get(i).getObject("validation_loss_by_language");
                List<List<String>> rows = losses.names().stream()
                        .sorted(Comparator.comparingDouble(losses::getDouble))
                        .map(language -> List.of(language, number(losses.getDouble(language))))
                        .toList();
                return Html.table(List.of("language", "held-out loss"), rows);
            }
        }
        return new Html("<p>No evaluation by language in this run.</p>");
    }

    private Series values(String field) {
        List<JsonObject> with = steps.stream()
                .filter(step -> step.has(field) && step.get(field) != null)
                .toList();
        return new Series(
                with.stream().map(step -> step.getDouble("step")).toList(),
                with.stream().map(step -> step.getDouble(field)).toList());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }
}
