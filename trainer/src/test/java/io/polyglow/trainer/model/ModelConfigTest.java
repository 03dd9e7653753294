package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.PolyglowException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelConfigTest {
    private static final String SMALL = "{layers: 2, heads: 4, channels: 64, context: 32}";

    @Test
    void shouldDefaultToGpt2() {
        ModelConfig config = load(SMALL);
        assertThat(config)
                .isEqualTo(new ModelConfig(
                        2,
                        4,
                        4,
                        64,
                        256,
                        0,
                        32,
                        0,
                        ModelConfig.Norm.LAYERNORM,
                        ModelConfig.Positions.LEARNED,
                        ModelConfig.Activation.GELU,
                        true,
                        true,
                        10_000,
                        1e-5));
        assertThat(config.gpt2Names()).isTrue();
    }

    @Test
    void shouldReadEveryKey() {
        ModelConfig config = load(
                "{layers: 3, heads: 6, kv-heads: 2, channels: 96, hidden: 100, vocab-size: 500, context: 64, attention-window: 48,"
                        + " norm: rmsnorm, positions: rope, activation: swiglu, tied: false, bias: false, rope-theta: 500000,"
                        + " norm-epsilon: 1e-6}");
        assertThat(config)
                .isEqualTo(new ModelConfig(
                        3,
                        6,
                        2,
                        96,
                        100,
                        500,
                        64,
                        48,
                        ModelConfig.Norm.RMSNORM,
                        ModelConfig.Positions.ROPE,
                        ModelConfig.Activation.SWIGLU,
                        false,
                        false,
                        500_000,
                        1e-6));
    }

    @Test
    void shouldReportEveryRuleThatIsBroken() {
        assertThatThrownBy(() -> load("{layers: 2, heads: 4, kv-heads: 3, channels: 66, context: 32}"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("channels: 66 is no multiple of heads = 4")
                .hasMessageContaining("kv-heads: 3 does not divide heads = 4");
        assertThatThrownBy(() -> load("{layers: 2, heads: 4, channels: 36, context: 32, positions: rope}"))
                .hasMessageContaining("odd");
        assertThatThrownBy(() -> load("{layers: 0, heads: 4, channels: 64, context: 32}"))
                .hasMessageContaining("layers");
    }

    private static ModelConfig load(String yaml) {
        return ConfigFile.load(ModelConfig.class, "model.yaml", yaml, List.of()).value();
    }
}
