package io.polyglow.trainer.model;

import static io.polyglow.trainer.model.ParameterSpec.NO_LAYER;

import java.util.ArrayList;
import java.util.List;

/**
 * All parameters of a model in order, a pure function of its config. Names and shapes are Hugging Face's, so that a checkpoint is a Hugging Face
 * model: those of GPT-2 for LayerNorm with learned positions and GELU, those of Llama otherwise. Starts as GPT-2 does (Radford et al. 2019):
 * N(0, 0.02), projections onto the residual stream scaled by {@code 1 / sqrt(2 layers)}.
 */
public final class ParameterTable {
    private static final double STD = 0.02;

    private final ModelConfig config;
    private final long C;
    private final long kvC;
    private final long F;
    private final double projectionStd;
    private final List<ParameterSpec> table = new ArrayList<>();

    private ParameterTable(ModelConfig config) {
        this.config = config;
        C = config.channels();
        kvC = (long) config.kvHeads() * config.headDim();
        F = config.hidden();
        projectionStd = STD / Math.sqrt(2.0 * config.layers());
    }

    /** The table of a model. */
    public static List<ParameterSpec> of(ModelConfig config) {
        ParameterTable builder = new ParameterTable(config);
        if (config.gpt2Names()) {
            builder.gpt2();
        } else {
            builder.llama();
        }
        return List.copyOf(builder.table);
    }

    /** Number of elements of all parameters. */
    public static long size(ModelConfig config) {
        return of(config).stream().mapToLong(ParameterSpec::size).sum();
    }

    private void gpt2() {
        add("transformer.wte.weight", Role.TOKEN_TABLE, NO_LAYER, STD, config.vocabSize(), C);
        add("transformer.wpe.weight", Role.POSITION_TABLE, NO_LAYER, STD, config.context(), C);
        for (int layer = 0; layer < config.layers(); layer++) {
            gpt2Block("transformer.h." + layer + ".", layer);
        }
        norm("transformer.ln_f", Role.FINAL_NORM_GAMMA, Role.FINAL_NORM_BETA, NO_LAYER);
        head();
    }

    /** Weights are {@code [in, out]}: Hugging Face's Conv1D. */
    private void gpt2Block(String at, int layer) {
        norm(at + "ln_1", Role.ATTENTION_NORM_GAMMA, Role.ATTENTION_NORM_BETA, layer);
        add(at + "attn.c_attn.weight", Role.QKV_WEIGHT, layer, STD, C, C + 2 * kvC);
        bias(at + "attn.c_attn.bias", Role.QKV_BIAS, layer, C + 2 * kvC);
        add(at + "attn.c_proj.weight", Role.ATTENTION_OUT_WEIGHT, layer, projectionStd, C, C);
        bias(at + "attn.c_proj.bias", Role.ATTENTION_OUT_BIAS, layer, C);
        norm(at + "ln_2", Role.MLP_NORM_GAMMA, Role.MLP_NORM_BETA, layer);
        add(at + "mlp.c_fc.weight", Role.MLP_UP_WEIGHT, layer, STD, C, F);
        bias(at + "mlp.c_fc.bias", Role.MLP_UP_BIAS, layer, F);
        add(at + "mlp.c_proj.weight", Role.MLP_DOWN_WEIGHT, layer, projectionStd, F, C);
        bias(at + "mlp.c_proj.bias", Role.MLP_DOWN_BIAS, layer, C);
    }

    private void llama() {
        add("model.embed_tokens.weight", Role.TOKEN_TABLE, NO_LAYER, STD, config.vocabSize(), C);
        if (config.positions() == ModelConfig.Positions.LEARNED) {
            add("model.embed_positions.weight", Role.POSITION_TABLE, NO_LAYER, STD, config.context(), C);
        }
        for (int layer = 0; layer < config.layers(); layer++) {
            llamaBlock("model.layers." + layer + ".", layer);
        }
        norm("model.norm", Role.FINAL_NORM_GAMMA, Role.FINAL_NORM_BETA, NO_LAYER);
        head();
    }

    /** Weights are {@code [out, in]}. Those of one product follow one another, then their biases. */
    private void llamaBlock(String at, int layer) {
        norm(at + "input_layernorm", Role.ATTENTION_NORM_GAMMA, Role.ATTENTION_NORM_BETA, layer);
        add(at + "self_attn.q_proj.weight", Role.QKV_WEIGHT, layer, STD, C, C);
        add(at + "self_attn.k_proj.weight", Role.QKV_WEIGHT, layer, STD, kvC, C);
        add(at + "self_attn.v_proj.weight", Role.QKV_WEIGHT, layer, STD, kvC, C);
        bias(at + "self_attn.q_proj.bias", Role.QKV_BIAS, layer, C);
        bias(at + "self_attn.k_proj.bias", Role.QKV_BIAS, layer, kvC);
        bias(at + "self_attn.v_proj.bias", Role.QKV_BIAS, layer, kvC);
        add(at + "self_attn.o_proj.weight", Role.ATTENTION_OUT_WEIGHT, layer, projectionStd, C, C);
        bias(at + "self_attn.o_proj.bias", Role.ATTENTION_OUT_BIAS, layer, C);
        norm(at + "post_attention_layernorm", Role.MLP_NORM_GAMMA, Role.MLP_NORM_BETA, layer);
        boolean gated = config.activation() == ModelConfig.Activation.SWIGLU;
        if (gated) {
            add(at + "mlp.gate_proj.weight", Role.MLP_UP_WEIGHT, layer, STD, F, C);
        }
        add(at + "mlp.up_proj.weight", Role.MLP_UP_WEIGHT, layer, STD, F, C);
        if (gated) {
            bias(at + "mlp.gate_proj.bias", Role.MLP_UP_BIAS, layer, F);
        }
        bias(at + "mlp.up_proj.bias", Role.MLP_UP_BIAS, layer, F);
        add(at + "mlp.down_proj.weight", Role.MLP_DOWN_WEIGHT, layer, projectionStd, C, F);
        bias(at + "mlp.down_proj.bias", Role.MLP_DOWN_BIAS, layer, C);
    }

    private void head() {
        if (!config.tied()) {
            add("lm_head.weight", Role.HEAD_WEIGHT, NO_LAYER, STD, config.vocabSize(), C);
        }
    }

    private void norm(String at, Role gamma, Role beta, int layer) {
        table.add(new ParameterSpec(at + ".weight", List.of(C), gamma, layer, 1, 0));
        if (config.norm() == ModelConfig.Norm.LAYERNORM) {
            bias(at + ".bias", beta, layer, C);
        }
    }

    private void bias(String name, Role role, int layer, long size) {
        if (config.bias()) {
            table.add(new ParameterSpec(name, List.of(size), role, layer, 0, 0));
        }
    }

    private void add(String name, Role role, int layer, double std, long rows, long columns) {
        table.add(new ParameterSpec(name, List.of(rows, columns), role, layer, 0, std));
    }
}
