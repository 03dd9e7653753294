package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class StagePlanTest {
    @Property(tries = 300)
    void shouldCutLayersIntoNonEmptyRunsInOrder(
            @ForAll @IntRange(min = 1, max = 40) int layers,
            @ForAll @IntRange(min = 1, max = 40) int stages,
            @ForAll @IntRange(min = 1, max = 100_000) int vocabSize) {
        if (stages > layers) {
            return;
        }
        ModelConfig config = TinyModels.gpt2(layers).withVocabSize(vocabSize);
        int next = 0;
        for (int s = 0; s < stages; s++) {
            StagePlan plan = StagePlan.of(config, s, stages);
            assertThat(plan.firstLayer()).isEqualTo(next);
            assertThat(plan.layers()).isPositive();
            assertThat(plan.embedding()).isEqualTo(s == 0);
            assertThat(plan.head()).isEqualTo(s == stages - 1);
            next = plan.endLayer();
        }
        assertThat(next).isEqualTo(layers);
    }

    @Test
    void shouldGiveTheHeadsStageFewerLayersWhenTheVocabularyIsLarge() {
        ModelConfig config = TinyModels.gpt2(12);
        assertThat(StagePlan.of(config.withVocabSize(1), 1, 2).layers()).isEqualTo(6);
        assertThat(StagePlan.of(config.withVocabSize(1000), 1, 2).layers()).isEqualTo(1);
    }

    @Test
    void shouldRefuseWhenThereAreMoreStagesThanLayers() {
        assertThatThrownBy(() -> StagePlan.of(TinyModels.gpt2(2), 0, 3))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("layout.pipeline = 3")
                .hasMessageContaining("model.layers = 2");
    }
}
