package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import org.junit.jupiter.api.Test;

class HuggingFaceConfigTest {
    @Test
    void shouldDescribeGpt2() {
        JsonObject json = HuggingFaceConfig.of(TinyModels.gpt2(3), 10);
        assertThat(json.getString("model_type")).isEqualTo("gpt2");
        assertThat(json.getArray("architectures").strings()).containsExactly("GPT2LMHeadModel");
        assertThat(json.getInt("n_layer")).isEqualTo(3);
        assertThat(json.getInt("n_embd")).isEqualTo(16);
        assertThat(json.getInt("n_inner")).isEqualTo(20);
        assertThat(json.getInt("eos_token_id")).isEqualTo(10);
        assertThat(json.getBoolean("tie_word_embeddings")).isTrue();
    }

    @Test
    void shouldDescribeLlama() {
        JsonObject json = HuggingFaceConfig.of(TinyModels.llama(3), -1);
        assertThat(json.getString("model_type")).isEqualTo("llama");
        assertThat(json.getInt("num_key_value_heads")).isEqualTo(2);
        assertThat(json.getInt("intermediate_size")).isEqualTo(20);
        assertThat(json.getDouble("rope_theta")).isEqualTo(100);
        assertThat(json.getBoolean("attention_bias")).isFalse();
        assertThat(json.has("eos_token_id")).isFalse();
    }

    @Test
    void shouldNotPassForAModelItIsNot() {
        for (ModelConfig config : TinyModels.all()) {
            String type = HuggingFaceConfig.of(config, 0).getString("model_type");
            boolean llama = config.norm() == Norm.RMSNORM
                    && config.positions() == Positions.ROPE
                    && config.activation() == Activation.SWIGLU;
            boolean gpt2 = config.gpt2Names() && config.bias() && config.kvHeads() == config.heads();
            assertThat(type).isEqualTo(llama ? "llama" : gpt2 ? "gpt2" : "polyglow");
        }
    }
}
