package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import java.util.List;
import org.junit.jupiter.api.Test;

class LearnsTest {
    @Test
    void shouldOverfitWhenAllSamplesAreOne() throws Exception {
        String[] config = {
            "steps=120",
            "model.context=24",
            "model.channels=32",
            "batch.global=2",
            "batch.canonical-width=2",
            "optimizer.weight-decay=0",
            "optimizer.min-learning-rate=0.001",
            "evaluate.every=0"
        };
        List<Double> losses = TrainLab.train(TrainLab.config(config), new MemoryStore(), TestCorpus.of(25), Start.NEW)
                .losses();
        assertThat(losses.get(0)).isBetween(2.0, 3.5);
        assertThat(losses.get(losses.size() - 1)).isLessThan(0.01);
    }
}
