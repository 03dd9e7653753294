package io.polyglow.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import io.polyglow.trainer.model.TinyModels;
import org.junit.jupiter.api.Test;

class HuggingFaceConfigTest {
    @Test
    void shouldDescribeGpt2() {
        JsonObject json = config(TinyModels.gpt2(3), 10);
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
        JsonObject json = config(TinyModels.llama(3), -1);
        assertThat(json.getString("model_type")).isEqualTo("llama");
        assertThat(json.getInt("num_key_value_heads")).isEqualTo(2);
        assertThat(json.getInt("intermediate_size")).isEqualTo(20);
        assertThat(json.getDouble("rope_theta")).isEqualTo(100);
        assertThat(json.getBoolean("attention_bias")).isFalse();
        assertThat(json.has("eos_token_id")).isFalse();
    }

    @Test
    void shouldNotPassForAModelItIsNot() {
        for (ModelConfig model : TinyModels.all()) {
            assertThat(config(model, 0).getString("model_type")).as("%s", model).isEqualTo(type(model));
        }
    }

    private static String type(ModelConfig model) {
        boolean window = model.attentionWindow() > 0;
        if (model.norm() == Norm.RMSNORM
                && model.positions() == Positions.ROPE
                && model.activation() == Activation.SWIGLU) {
            return !window ? "llama" : model.bias() ? "polyglow" : "mistral";
        }
        boolean gpt2 = model.gpt2Names() && model.bias() && model.kvHeads() == model.heads();
        return gpt2 && !window ? "gpt2" : "polyglow";
    }

    private static JsonObject config(ModelConfig model, int endOfText) {
        return Json.parseObject("config.json", HuggingFaceConfig.encode(model, endOfText));
    }
}
