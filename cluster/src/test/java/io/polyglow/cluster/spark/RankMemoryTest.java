package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.trainer.config.TrainConfig;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RankMemoryTest {
    private static final long GPT2_SMALL = 124_439_808L;
    private static final String YAML =
            """
            steps: 1
            data: corpus
            run: run
            batch: {global: 4, micro: 4}
            layout: {data: 1, pipeline: 1}
            model: {layers: 12, heads: 12, channels: 768, context: 1024, vocab-size: 50257}
            optimizer: {learning-rate: 0.001}
            checkpoint: {every: 0}
            evaluate: {every: 0}
            """;

    private static TrainConfig config(String... overrides) {
        return ConfigFile.load(TrainConfig.class, "test.yaml", YAML, List.of(overrides))
                .value();
    }

    @Test
    void shouldCoverWeightsGradientsMomentsAndTheCopyOfACheckpoint() {
        long whole = RankMemory.besideHeap(config("dtype=f32"));
        assertThat(whole).isGreaterThan(7 * GPT2_SMALL * Float.BYTES);
        assertThat(RankMemory.besideHeap(config("dtype=f32", "layout.pipeline=3")))
                .isLessThan(whole);
        assertThat(RankMemory.besideHeap(config("dtype=auto")))
                .as("whatever the engine will choose")
                .isGreaterThanOrEqualTo(whole)
                .isGreaterThanOrEqualTo(RankMemory.besideHeap(config("dtype=bf16")));
    }

    @Test
    void shouldAskAClusterForMemoryBesideTheHeapUnlessTheUserDoes() {
        String key = "spark.executor.memoryOverhead";
        SparkSettings settings = new SparkSettings("test", SparkTarget.HERE, 1);
        settings.leaveRoomBesideHeap((3L << 30) + 1);
        assertThat(settings.conf().get(key)).isEqualTo("3073m");

        SparkSettings own = new SparkSettings("test", new SparkTarget(null, Map.of(key, "9g")), 1);
        own.leaveRoomBesideHeap(3L << 30);
        assertThat(own.conf().get(key)).isEqualTo("9g");

        SparkSettings factor = new SparkSettings("test", new SparkTarget(null, Map.of(key + "Factor", "4")), 1);
        factor.leaveRoomBesideHeap(3L << 30);
        assertThat(factor.conf().contains(key)).isFalse();
    }

    /** By default Java allows as many bytes beside the heap as in it: a rank with a small heap could not copy what a checkpoint holds. */
    @Test
    void shouldNotBoundMemoryBesideTheHeapByTheHeap() {
        assertThat(ManagementFactory.getRuntimeMXBean().getInputArguments()).contains("-XX:MaxDirectMemorySize=1t");
    }
}
