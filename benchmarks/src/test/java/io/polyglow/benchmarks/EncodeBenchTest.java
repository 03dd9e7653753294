package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

class EncodeBenchTest {
    @Test
    void shouldCompareMediansAndNameTheSmallestRatio() {
        JsonArray rows = new JsonArray()
                .add(row("polyglow", "r50k_base", 0.5, 0.1, 0.2))
                .add(row("hf", "r50k_base", 2, 2, 2))
                .add(row("polyglow", "o200k_base", 1, 1, 1))
                .add(row("hf", "o200k_base", 4, 4, 4));
        JsonObject report = EncodeBench.report(new JsonObject().put("rows", rows));
        assertThat(report.getObject("ratio_to").getDouble("hf")).isEqualTo(4, offset(1e-9));
        JsonObject first = report.getArray("rows").getObject(0).getObject("mb_per_second");
        assertThat(first.getDouble("min")).isEqualTo(4, offset(1e-9));
        assertThat(first.getDouble("median")).isEqualTo(10, offset(1e-9));
        assertThat(first.getDouble("max")).isEqualTo(20, offset(1e-9));
        assertThat(EncodeBench.table(report).get(2)).contains("hf").contains("10.00 x");
    }

    @Test
    void shouldTakeSeveralInputs() {
        EncodeOptions options =
                EncodeOptions.parse(List.of("--peers", "hf,jtokkit", "--input", "a.txt", "b", "--json", "--rounds=3"));
        assertThat(options.inputs()).containsExactly("a.txt", "b");
        assertThat(options.peers()).containsExactly("hf", "jtokkit");
        assertThat(options.rounds()).isEqualTo(3);
        assertThat(options.json()).isTrue();
        assertThat(EncodeOptions.parse(List.of("--input=a.txt", "b", "--rounds", "1"))
                        .inputs())
                .containsExactly("a.txt", "b");
        assertThat(EncodeOptions.parse(List.of("--input", "worst:a:100"))
                        .plan()
                        .getArray("inputs")
                        .strings())
                .containsExactly("worst:a:100");
        assertThatThrownBy(() -> EncodeOptions.parse(List.of("--peers", "hf")))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("--input");
        assertThatThrownBy(() -> EncodeOptions.parse(List.of("--input", "a", "--model", "small")))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("--model");
    }

    private static JsonObject row(String contender, String encoding, double... seconds) {
        JsonArray times = new JsonArray();
        for (double each : seconds) {
            times.add(each);
        }
        return new JsonObject()
                .put("contender", contender)
                .put("encoding", encoding)
                .put("input", "text")
                .put("documents", 1)
                .put("bytes", 2_000_000)
                .put("tokens", 1)
                .put("seconds", times);
    }
}
