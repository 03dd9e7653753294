package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.ReferenceEngine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A step that begins to do more than it needs shows here on any machine, however busy: work is counted, not timed. */
class StepWorkTest {
    private static final int LAYERS = 3;

    @Test
    void shouldCallEachKernelAsOftenAsAGpt2StepNeeds() throws IOException {
        StepWork work = work(List.of());
        assertThat(work.calls())
                .containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                        Map.entry("embedding", 1),
                        Map.entry("layerNorm", 2 * LAYERS + 1),
                        Map.entry("linear", 4 * LAYERS + 1),
                        Map.entry("attention", LAYERS),
                        Map.entry("gelu", LAYERS),
                        Map.entry("softmaxCrossEntropy", 1),
                        Map.entry("linearBackwardInput", 4 * LAYERS + 1),
                        Map.entry("linearBackwardWeight", 4 * LAYERS + 1),
                        Map.entry("attentionBackward", LAYERS),
                        Map.entry("geluBackward", LAYERS),
                        Map.entry("normBackward", 2 * LAYERS + 1),
                        Map.entry("embeddingBackward", 1),
                        // gradients of tables and norms to zero, those next to each other at once, and the head's
                        // stream
                        Map.entry("fill", 2 * LAYERS + 1 + 1),
                        // the gradient of the head onto that of the tied token table
                        Map.entry("add", 1),
                        // the tied table, then all else; each once with weight decay and once without
                        Map.entry("sumOfSquares", 2),
                        Map.entry("adamW", 4)));
        assertThat(work.allocations()).as("arenas allocated in a step").isZero();
        assertThat(work.bytes()).as("bytes of all operands").isLessThanOrEqualTo(1_623_168);
    }

    @Test
    void shouldCallEachKernelAsOftenAsALlamaStepNeeds() throws IOException {
        StepWork work = work(TrainLab.llama());
        assertThat(work.calls())
                .containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                        Map.entry("embedding", 1),
                        Map.entry("rmsNorm", 2 * LAYERS + 1),
                        Map.entry("linear", 4 * LAYERS + 1),
                        Map.entry("rope", 2 * LAYERS),
                        Map.entry("attention", LAYERS),
                        Map.entry("swiglu", LAYERS),
                        Map.entry("softmaxCrossEntropy", 1),
                        Map.entry("linearBackwardInput", 4 * LAYERS + 1),
                        Map.entry("linearBackwardWeight", 4 * LAYERS + 1),
                        Map.entry("attentionBackward", LAYERS),
                        Map.entry("swigluBackward", LAYERS),
                        Map.entry("normBackward", 2 * LAYERS + 1),
                        Map.entry("embeddingBackward", 1),
                        Map.entry("fill", 2 * LAYERS + 1 + 1),
                        Map.entry("add", 1),
                        // the tied table, then all else; each once with weight decay and once without
                        Map.entry("sumOfSquares", 2),
                        Map.entry("adamW", 4)));
        assertThat(work.allocations()).as("arenas allocated in a step").isZero();
        assertThat(work.bytes()).as("bytes of all operands").isLessThanOrEqualTo(1_220_648);
    }

    private static StepWork work(List<String> model) throws IOException {
        List<String> overrides = new ArrayList<>(model);
        overrides.addAll(List.of("model.layers=" + LAYERS, "batch.micro=8", "batch.canonical-width=1"));
        TrainConfig config = TrainLab.config(overrides.toArray(String[]::new));
        try (ReferenceEngine engine = new ReferenceEngine()) {
            return StepWork.of(config, engine, () -> {});
        }
    }
}
