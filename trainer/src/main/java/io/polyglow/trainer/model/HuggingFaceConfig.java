package io.polyglow.trainer.model;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import java.util.Locale;

/**
 * The {@code config.json} that makes a checkpoint directory a Hugging Face model. Exactly GPT-2 or Llama is written as {@code gpt2} or {@code llama}; a combination
 * that neither class computes gets {@code model_type: polyglow}, so that nothing loads it as something it is not.
 */
public final class HuggingFaceConfig {
    private HuggingFaceConfig() {}

    /** The document; {@code endOfTextId} below 0 is left out. */
    public static JsonObject of(ModelConfig config, int endOfTextId) {
        JsonObject json = isGpt2(config) ? gpt2(config) : isLlama(config) ? llama(config) : other(config);
        json.put("vocab_size", config.vocabSize());
        json.put("tie_word_embeddings", config.tied());
        if (endOfTextId >= 0) {
            json.put("bos_token_id", endOfTextId);
            json.put("eos_token_id", endOfTextId);
        }
        return json.put("initializer_range", 0.02).put("torch_dtype", "float32").put("use_cache", true);
    }

    private static boolean isGpt2(ModelConfig config) {
        return config.gpt2Names() && config.bias() && config.kvHeads() == config.heads();
    }

    private static boolean isLlama(ModelConfig config) {
        return config.norm() == Norm.RMSNORM
                && config.positions() == Positions.ROPE
                && config.activation() == Activation.SWIGLU;
    }

    private static JsonObject gpt2(ModelConfig config) {
        return model("gpt2", "GPT2LMHeadModel")
                .put("activation_function", "gelu_new")
                .put("n_ctx", config.context())
                .put("n_positions", config.context())
                .put("n_embd", config.channels())
                .put("n_layer", config.layers())
                .put("n_head", config.heads())
                .put("n_inner", config.hidden())
                .put("layer_norm_epsilon", config.normEpsilon())
                .put("attn_pdrop", 0.0)
                .put("embd_pdrop", 0.0)
                .put("resid_pdrop", 0.0)
                .put("scale_attn_weights", true);
    }

    private static JsonObject llama(ModelConfig config) {
        return model("llama", "LlamaForCausalLM")
                .put("hidden_act", "silu")
                .put("max_position_embeddings", config.context())
                .put("hidden_size", config.channels())
                .put("intermediate_size", config.hidden())
                .put("num_hidden_layers", config.layers())
                .put("num_attention_heads", config.heads())
                .put("num_key_value_heads", config.kvHeads())
                .put("head_dim", config.headDim())
                .put("rms_norm_eps", config.normEpsilon())
                .put("rope_theta", config.ropeTheta())
                .put("attention_bias", config.bias())
                .put("mlp_bias", config.bias())
                .put("attention_dropout", 0.0);
    }

    private static JsonObject other(ModelConfig config) {
        return model("polyglow", "PolyglowForCausalLM")
                .put("norm", config.norm().name().toLowerCase(Locale.ROOT))
                .put("positions", config.positions().name().toLowerCase(Locale.ROOT))
                .put("activation", config.activation().name().toLowerCase(Locale.ROOT))
                .put("layers", config.layers())
                .put("heads", config.heads())
                .put("kv_heads", config.kvHeads())
                .put("channels", config.channels())
                .put("hidden", config.hidden())
                .put("context", config.context())
                .put("bias", config.bias())
                .put("rope_theta", config.ropeTheta())
                .put("norm_epsilon", config.normEpsilon());
    }

    private static JsonObject model(String type, String architecture) {
        return new JsonObject()
                .put("architectures", new JsonArray().add(architecture))
                .put("model_type", type);
    }
}
