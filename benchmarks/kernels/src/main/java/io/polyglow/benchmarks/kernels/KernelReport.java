package io.polyglow.benchmarks.kernels;

import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.Statistics;

/** Rates of kernels, and what share of this run's peaks they are. */
final class KernelReport {
    private KernelReport() {}

    /**
     * One object: {@code peak_gflops}, {@code peak_gbytes} and {@code kernels}, each with {@code name}, {@code microseconds} (median), {@code min} and
     * {@code max}, {@code gflops} or {@code gbytes} per second, and {@code share} of the peak.
     */
    static JsonObject of(TrainPlan plan, Collection<RunResult> results) {
        List<KernelCase> cases = KernelCases.of(plan);
        Map<String, Statistics> micros = new LinkedHashMap<>();
        results.forEach(result -> micros.put(
                result.getParams().getParam("kernel"), result.getPrimaryResult().getStatistics()));
        double peakFlops = 0;
        double peakBytes = 0;
        for (KernelCase one : cases) {
            double seconds = timesOf(one, micros).getMin() / 1e6;
            peakFlops = Math.max(peakFlops, one.flops() / seconds);
            if (one.name().equals(KernelCases.COPY)) {
                peakBytes = one.bytes() / seconds;
            }
        }
        JsonArray rows = new JsonArray();
        for (KernelCase one : cases) {
            Statistics times = timesOf(one, micros);
            double median = times.getPercentile(50);
            boolean product = one.flops() > 0;
            double rate = (product ? one.flops() : one.bytes()) / (median / 1e6);
            rows.add(new JsonObject()
                    .put("name", one.name())
                    .put("microseconds", median)
                    .put("min", times.getMin())
                    .put("max", times.getMax())
                    .put(product ? "gflops" : "gbytes", rate / 1e9)
                    .put("share", rate / (product ? peakFlops : peakBytes)));
        }
        return new JsonObject()
                .put("plan", plan.json())
                .put("peak_gflops", peakFlops / 1e9)
                .put("peak_gbytes", peakBytes / 1e9)
                .put("kernels", rows);
    }

    private static Statistics timesOf(KernelCase one, Map<String, Statistics> micros) {
        return Objects.requireNonNull(micros.get(one.name()), one.name());
    }
}
