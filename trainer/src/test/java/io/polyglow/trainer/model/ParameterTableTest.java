package io.polyglow.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.model.ModelConfig.Activation;
import io.polyglow.trainer.model.ModelConfig.Norm;
import io.polyglow.trainer.model.ModelConfig.Positions;
import io.polyglow.trainer.model.ParameterLayout.Placed;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ParameterTableTest {
    /** GPT-2 small. */
    private static final ModelConfig GPT2_124M = new ModelConfig(
            12,
            12,
            0,
            768,
            0,
            50257,
            1024,
            0,
            Norm.LAYERNORM,
            Positions.LEARNED,
            Activation.GELU,
            true,
            true,
            10_000,
            1e-5);
    /** Llama 2 7B. */
    private static final ModelConfig LLAMA_7B = new ModelConfig(
            32,
            32,
            0,
            4096,
            11008,
            32000,
            4096,
            0,
            Norm.RMSNORM,
            Positions.ROPE,
            Activation.SWIGLU,
            false,
            false,
            10_000,
            1e-5);

    @Test
    void shouldCountTheParametersOfKnownModels() {
        assertThat(ParameterTable.size(GPT2_124M)).isEqualTo(124_439_808L);
        assertThat(ParameterTable.size(LLAMA_7B)).isEqualTo(6_738_415_616L);
    }

    @Test
    void shouldNameParametersAsHuggingFaceDoes() {
        assertThat(names(TinyModels.gpt2(1)))
                .containsExactly(
                        "transformer.wte.weight[11, 16]",
                        "transformer.wpe.weight[6, 16]",
                        "transformer.h.0.ln_1.weight[16]",
                        "transformer.h.0.ln_1.bias[16]",
                        "transformer.h.0.attn.c_attn.weight[16, 48]",
                        "transformer.h.0.attn.c_attn.bias[48]",
                        "transformer.h.0.attn.c_proj.weight[16, 16]",
                        "transformer.h.0.attn.c_proj.bias[16]",
                        "transformer.h.0.ln_2.weight[16]",
                        "transformer.h.0.ln_2.bias[16]",
                        "transformer.h.0.mlp.c_fc.weight[16, 20]",
                        "transformer.h.0.mlp.c_fc.bias[20]",
                        "transformer.h.0.mlp.c_proj.weight[20, 16]",
                        "transformer.h.0.mlp.c_proj.bias[16]",
                        "transformer.ln_f.weight[16]",
                        "transformer.ln_f.bias[16]");
        assertThat(names(TinyModels.llama(1)))
                .containsExactly(
                        "model.embed_tokens.weight[11, 16]",
                        "model.layers.0.input_layernorm.weight[16]",
                        "model.layers.0.self_attn.q_proj.weight[16, 16]",
                        "model.layers.0.self_attn.k_proj.weight[8, 16]",
                        "model.layers.0.self_attn.v_proj.weight[8, 16]",
                        "model.layers.0.self_attn.o_proj.weight[16, 16]",
                        "model.layers.0.post_attention_layernorm.weight[16]",
                        "model.layers.0.mlp.gate_proj.weight[20, 16]",
                        "model.layers.0.mlp.up_proj.weight[20, 16]",
                        "model.layers.0.mlp.down_proj.weight[16, 20]",
                        "model.norm.weight[16]",
                        "lm_head.weight[11, 16]");
    }

    private static List<String> names(ModelConfig config) {
        return ParameterTable.of(config).stream()
                .map(spec -> spec.name() + spec.shape())
                .toList();
    }

    @Test
    void shouldPlaceEveryParameterOnceWhateverTheStages() {
        for (ModelConfig config : TinyModels.all()) {
            for (int stages = 1; stages <= 2; stages++) {
                List<ParameterSpec> placed = new ArrayList<>();
                for (int s = 0; s < stages; s++) {
                    ParameterLayout layout = new ParameterLayout(config, StagePlan.of(config, s, stages));
                    long end = 0;
                    for (Placed each : layout.owned()) {
                        assertThat(each.offset()).isGreaterThanOrEqualTo(end);
                        end = each.offset() + each.spec().size();
                        placed.add(each.spec());
                    }
                    assertThat(layout.ownedSize()).isGreaterThanOrEqualTo(end);
                    boolean tiedHead = config.tied() && s == stages - 1;
                    assertThat(layout.headUse() != null).isEqualTo(tiedHead);
                    assertThat(layout.borrowed() != null).isEqualTo(tiedHead && stages > 1);
                }
                assertThat(placed).containsExactlyElementsOf(ParameterTable.of(config));
            }
        }
    }

    @Test
    void shouldKeepQueriesKeysAndValuesTogether() {
        ModelConfig config = TinyModels.config(1, 2, Norm.RMSNORM, Positions.ROPE, Activation.SWIGLU, true, true);
        Map<String, Long> offsets = new HashMap<>();
        new ParameterLayout(config, StagePlan.whole(config))
                .owned()
                .forEach(p -> offsets.put(p.spec().name(), p.offset()));
        String at = "model.layers.0.self_attn.";
        assertThat(distance(offsets, at + "q_proj.weight", at + "k_proj.weight"))
                .isEqualTo(16 * 16);
        assertThat(distance(offsets, at + "k_proj.weight", at + "v_proj.weight"))
                .isEqualTo(8 * 16);
        assertThat(distance(offsets, at + "q_proj.bias", at + "v_proj.bias")).isEqualTo(16 + 8);
    }

    @Test
    void shouldStartFromTheSameWeightsWhateverTheStages() {
        ModelConfig config = TinyModels.gpt2(2);
        try (Engine engine = new ReferenceEngine()) {
            Map<String, double[]> whole = initial(engine, config, 0, 1);
            Map<String, double[]> parts = initial(engine, config, 0, 2);
            parts.putAll(initial(engine, config, 1, 2));
            assertThat(parts.keySet()).isEqualTo(whole.keySet());
            parts.forEach((name, values) -> assertThat(values).as(name).isEqualTo(whole.get(name)));
            assertThat(whole.get("transformer.h.1.ln_1.weight")).containsOnly(1);
            assertThat(whole.get("transformer.h.1.mlp.c_proj.bias")).containsOnly(0);
            assertThat(std(whole, "transformer.wte.weight")).isBetween(0.015, 0.025);
            assertThat(std(whole, "transformer.h.0.mlp.c_proj.weight")).isBetween(0.008, 0.012);
        }
    }

    private static Map<String, double[]> initial(Engine engine, ModelConfig config, int stage, int stages) {
        ParameterLayout layout = new ParameterLayout(config, StagePlan.of(config, stage, stages));
        Map<String, double[]> values = new HashMap<>();
        try (ParameterSet parameters = new ParameterSet(engine, layout, Precision.of(DType.F32))) {
            parameters.initialise(17);
            for (int i = 0; i < layout.owned().size(); i++) {
                values.put(layout.owned().get(i).spec().name(), Values.read(engine, parameters.parameter(i)));
            }
            if (parameters.borrowed() != null) {
                values.put("transformer.wte.weight", Values.read(engine, parameters.borrowed()));
            }
        }
        return values;
    }

    private static long distance(Map<String, Long> offsets, String from, String to) {
        return Objects.requireNonNull(offsets.get(to)) - Objects.requireNonNull(offsets.get(from));
    }

    private static double std(Map<String, double[]> byName, String name) {
        double[] values = Objects.requireNonNull(byName.get(name));
        double squares = 0;
        for (double value : values) {
            squares += value * value;
        }
        return Math.sqrt(squares / values.length);
    }
}
