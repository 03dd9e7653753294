package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * What one process of a contender showed; the file by which it hands that over.
 *
 * @param description what computed: device, library versions
 * @param dtype of its matrix products, which may be another than the plan's where the library has only one that is usable
 * @param warmup how many of the first steps are not timed
 * @param startSeconds from the start of the program to the first step: loading, weights
 * @param stepSeconds of every step, warm-up included
 * @param losses of every step, before its update
 * @param peakRssBytes host memory
 * @param peakDeviceBytes device memory, 0 when unknown
 * @param peakFlops operations per second of a square product in {@code dtype}, measured after the steps; 0 when it was not
 * @param hostShare of the timed steps, the part in which the device is known to have had nothing to do, waiting for the host: a lower bound; 0 where the host is the device
 */
record Measurement(
        String description,
        String dtype,
        int warmup,
        double startSeconds,
        List<Double> stepSeconds,
        List<Double> losses,
        long peakRssBytes,
        long peakDeviceBytes,
        double garbagePerStep,
        double peakFlops,
        double hostShare) {
    Measurement {
        stepSeconds = List.copyOf(stepSeconds);
        losses = List.copyOf(losses);
    }

    /** The same with device memory as seen from outside, which counts what libraries take for themselves. */
    Measurement withDeviceBytes(long bytes) {
        return new Measurement(
                description,
                dtype,
                warmup,
                startSeconds,
                stepSeconds,
                losses,
                peakRssBytes,
                Math.max(bytes, peakDeviceBytes),
                garbagePerStep,
                peakFlops,
                hostShare);
    }

    /** Seconds of the steps after warm-up. */
    List<Double> timed() {
        return stepSeconds.subList(warmup, stepSeconds.size());
    }

    JsonObject json() {
        return new JsonObject()
                .put("description", description)
                .put("dtype", dtype)
                .put("warmup", warmup)
                .put("start_seconds", startSeconds)
                .put("step_seconds", stepSeconds)
                .put("losses", losses)
                .put("peak_rss_bytes", peakRssBytes)
                .put("peak_device_bytes", peakDeviceBytes)
                .put("garbage_bytes_per_step", garbagePerStep)
                .put("peak_flops", peakFlops)
                .put("host_share", hostShare);
    }

    static Measurement parse(JsonObject json) {
        return new Measurement(
                json.getString("description"),
                json.getString("dtype"),
                json.getInt("warmup"),
                json.getDouble("start_seconds"),
                doubles(json.getArray("step_seconds")),
                doubles(json.getArray("losses")),
                json.getLong("peak_rss_bytes"),
                json.getLong("peak_device_bytes"),
                doubleOrZero(json, "garbage_bytes_per_step"),
                doubleOrZero(json, "peak_flops"),
                doubleOrZero(json, "host_share"));
    }

    /** Of what peers do not tell. */
    private static double doubleOrZero(JsonObject json, String name) {
        return json.has(name) ? json.getDouble(name) : 0;
    }

    private static List<Double> doubles(JsonArray array) {
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            values.add(array.getDouble(i));
        }
        return values;
    }
}
