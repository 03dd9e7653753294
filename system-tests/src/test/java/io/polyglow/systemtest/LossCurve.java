package io.polyglow.systemtest;

import io.polyglow.common.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a run's {@code metrics.jsonl} says of its loss, for comparisons bit for bit. */
final class LossCurve {
    private LossCurve() {}

    /** Step and loss of every line, every bit of the loss. */
    static List<String> of(String metrics) {
        return metrics.lines()
                .map(line -> Json.parseObject("metrics", line.getBytes(StandardCharsets.UTF_8)))
                .map(step -> step.getLong("step") + " " + step.getDouble("loss"))
                .toList();
    }
}
