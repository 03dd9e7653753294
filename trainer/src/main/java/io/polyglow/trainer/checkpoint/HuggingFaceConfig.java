package io.polyglow.trainer.checkpoint;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.model.ModelConfig;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** {@code config.json} of a Hugging Face model directory: GPT-2's, Llama's or (with an attention window) Mistral's, or, for other combinations, our own keys, which nobody else reads. */
public final class HuggingFaceConfig {
    private HuggingFaceConfig() {}

    /** The file's bytes; {@code endOfText} is the id that ends a document, or -1. */
    public static byte[] encode(ModelConfig model, int endOfText) {
        JsonObject json = isGpt2(model) ? gpt2(model) : llama(model);
        json.put("vocab_size", model.vocabSize())
                .put("tie_word_embeddings", model.tied())
                .put("torch_dtype", "float32");
        if (endOfText >= 0) {
            json.put("bos_token_id", endOfText).put("eos_token_id", endOfText);
        }
        return Json.pretty(json).getBytes(StandardCharsets.UTF_8);
    }

    private static boolean isGpt2(ModelConfig model) {
        return model.gpt2Names() && model.bias() && model.kvHeads() == model.heads() && model.attentionWindow() == 0;
    }

    private static JsonObject gpt2(ModelConfig model) {
        return new JsonObject()
                .put("architectures", List.of("GPT2LMHeadModel"))
                .put("model_type", "gpt2")
                .put("activation_function", "gelu_new")
                .put("n_layer", model.layers())
                .put("n_head", model.heads())
                .put("n_embd", model.channels())
                .put("n_inner", model.hidden())
                .put("n_positions", model.context())
                .put("layer_norm_epsilon", model.normEpsilon())
                .put("embd_pdrop", 0.0)
                .put("attn_pdrop", 0.0)
                .put("resid_pdrop", 0.0);
    }

    private static JsonObject llama(ModelConfig model) {
        String type = llamaType(model);
        boolean llama = !type.equals("Polyglow");
        JsonObject json = new JsonObject()
                .put("architectures", List.of(type + "ForCausalLM"))
                .put("model_type", type.toLowerCase(Locale.ROOT))
                .put("hidden_act", model.activation() == ModelConfig.Activation.SWIGLU ? "silu" : "gelu_new")
                .put("num_hidden_layers", model.layers())
                .put("num_attention_heads", model.heads())
                .put("num_key_value_heads", model.kvHeads())
                .put("head_dim", model.headDim())
                .put("hidden_size", model.channels())
                .put("intermediate_size", model.hidden())
                .put("max_position_embeddings", model.context())
                .put("rms_norm_eps", model.normEpsilon())
                .put("rope_theta", model.ropeTheta())
                .put("attention_bias", model.bias())
                .put("mlp_bias", model.bias());
        if (model.attentionWindow() > 0) {
            json.put("sliding_window", model.attentionWindow());
        }
        return llama ? json : json.put("norm", name(model.norm())).put("positions", name(model.positions()));
    }

    /** Mistral is Llama with a window and without biases. */
    private static String llamaType(ModelConfig model) {
        boolean llama = model.norm() == ModelConfig.Norm.RMSNORM
                && model.positions() == ModelConfig.Positions.ROPE
                && model.activation() == ModelConfig.Activation.SWIGLU;
        if (model.attentionWindow() == 0) {
            return llama ? "Llama" : "Polyglow";
        }
        return llama && !model.bias() ? "Mistral" : "Polyglow";
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
