package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models learn on every engine, in every dtype that it trains in. */
public abstract class LearnsContractTest {
    /** The config name of the engine. */
    protected abstract String engine();

    @ParameterizedTest
    @CsvSource({"gpt2, f32", "gpt2, bf16", "llama, f32", "llama, bf16"})
    void shouldOverfitWhenAllSamplesAreOne(String model, String dtype) throws Exception {
        List<String> overrides = new ArrayList<>(List.of(
                "engine=" + engine(),
                "dtype=" + dtype,
                "steps=120",
                "model.context=24",
                "model.channels=32",
                "batch.global=2",
                "batch.canonical-width=2",
                "optimizer.weight-decay=0",
                "optimizer.min-learning-rate=0.001",
                "evaluate.every=0"));
        if (model.equals("llama")) {
            overrides.addAll(TrainLab.llama());
        }
        TrainConfig config = TrainLab.config(overrides.toArray(String[]::new));
        try (Engine engine = TrainLab.Machinery.engines(config).apply(0)) {
            assumeTrue(
                    engine.computeTypes().contains(DType.valueOf(config.dtype().name())),
                    engine.describe() + " has no " + dtype);
        }
        List<Double> losses = TrainLab.train(config, new MemoryStore(), TestCorpus.of(25), Start.NEW)
                .losses();
        assertThat(losses.get(0)).isBetween(2.0, 3.5);
        assertThat(losses.get(losses.size() - 1)).isLessThan(0.01);
    }
}
