package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.model.Recompute;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainStepReportTest {
    private static final TrainPlan PLAN =
            new TrainPlan("reference", "nano", 10, 2, 2, "f32", 1, 1, 3, 1, Recompute.NONE);

    private static Measurement measured(double... seconds) {
        return new Measurement(
                "d",
                "f32",
                1,
                1,
                Arrays.stream(seconds).boxed().toList(),
                List.of(6.0, 5.0),
                3 << 20,
                0,
                100,
                1e9,
                0.015);
    }

    private static TrainStepReport report() {
        Map<String, List<Measurement>> rounds = new LinkedHashMap<>();
        rounds.put(Contenders.OURS, List.of(measured(9, 1, 2, 3), measured(9, 4, 4, 4)));
        rounds.put(Contenders.TORCH, List.of(measured(9, 4, 4, 4), measured(9, 2, 2, 2)));
        rounds.put(Contenders.TORCH_COMPILE, List.of());
        return TrainStepReport.of(
                PLAN,
                rounds,
                Map.of(Contenders.TORCH_COMPILE, "no compiler"),
                Map.of(Contenders.OURS, 6.0),
                List.of(new JsonObject().put("seconds", 1.0), new JsonObject().put("seconds", 3.0)));
    }

    @Test
    void shouldLeaveOutWarmUpAndPoolTheRounds() {
        Row ours = report().rows().get(0);

        assertThat(ours.stepSeconds()).isEqualTo(new Spread(1, 3.5, 4));
        assertThat(ours.tokensPerSecond()).isEqualTo(new Spread(5, 20 / 3.5, 20));
    }

    @Test
    void shouldCompareRoundByRound() {
        TrainStepReport report = report();

        assertThat(report.rows().get(0).ratioTo(report.rows().get(1))).isEqualTo(new Spread(0.5, 1.25, 2));
    }

    @Test
    void shouldSayInWhichTypeAPeerComputedAndHowManyStepsItTookWhenThatIsNotWhatWasAsked() {
        Measurement slow =
                new Measurement("d", "bf16", 1, 1, List.of(9.0, 8.0, 8.0), List.of(6.0, 5.0), 3 << 20, 0, 0, 0, 0);
        Map<String, List<Measurement>> rounds = new LinkedHashMap<>();
        rounds.put(Contenders.OURS, List.of(measured(9, 1, 2, 3)));
        rounds.put(Contenders.ND4J, List.of(slow));
        TrainStepReport report =
                TrainStepReport.of(PLAN, rounds, Map.of(), Map.of(), List.of(new JsonObject().put("seconds", 1.0)));

        assertThat(report.lines().get(2)).containsPattern("^nd4j +bf16 +2 of 3 +8.0000");
        assertThat(report.lines().get(1)).containsPattern("^polyglow +f32 +3 +1.0000");
        JsonObject row = report.rows().get(1).json();
        assertThat(row.getString("dtype")).isEqualTo("bf16");
        assertThat(row.getInt("timed_steps")).isEqualTo(2);
    }

    @Test
    void shouldTellHowMuchOfAStepTheProductsAloneWouldTake() {
        assertThat(report().idealOverStep()).isEqualTo(new Spread(0.5, 0.625, 0.75));
        assertThat(report().rows().get(0).garbagePerStep()).isEqualTo(100);
    }

    @Test
    void shouldTellHowLongTheRoundThatWarmedUpLeastDid() {
        Row row = new Row(Contenders.OURS, PLAN, List.of(measured(9, 1, 2, 3), measured(7, 4, 4, 4)));

        assertThat(row.json().getDouble("warmup_seconds")).isEqualTo(7);
    }

    @Test
    void shouldHaveTheDocumentedJson() {
        JsonObject json = Json.parseObject("report", Json.line(report().json()).getBytes(StandardCharsets.UTF_8));

        assertThat(json.getObject("ratio_to").getDouble("torch")).isEqualTo(1.25);
        JsonObject ours = json.getArray("rows").getObject(0);
        assertThat(ours.getString("name")).isEqualTo("polyglow");
        for (String spread : List.of("seconds_per_step", "tokens_per_second", "tflops")) {
            assertThat(ours.getObject(spread).names()).as(spread).containsExactly("min", "median", "max");
        }
        double flops = json.getObject("plan").getDouble("flops_per_token");
        assertThat(ours.getObject("tflops").getDouble("max")).isCloseTo(20 * flops / 1e12, offset(1e-12));
        assertThat(ours.getDouble("mfu")).isCloseTo(20 / 3.5 * flops / 1e9, offset(1e-12));
        assertThat(ours.getDouble("host_share")).isEqualTo(0.015);
        assertThat(json.getObject("failed").getString("torch-compile")).isEqualTo("no compiler");
        assertThat(json.getObject("loss_check").getDouble("polyglow")).isEqualTo(6);
    }

    @Test
    void shouldShowEveryContenderInTheTable() {
        List<String> lines = report().lines();

        assertThat(lines).hasSize(6);
        assertThat(lines.get(2)).startsWith("torch ").endsWith("0.500 - 1.250 - 2.000");
        assertThat(lines.get(3))
                .isEqualTo("ideal time / step time of ours: 0.500 - 0.625 - 0.750; garbage per step: 100 bytes");
        assertThat(lines.get(4))
                .startsWith("model FLOPs utilisation of ours: ")
                .endsWith(" of 0.00100 TFLOP/s, a square product in f32; device idle for the host: at least 1.50 %");
        assertThat(lines.get(5)).isEqualTo("torch-compile failed: no compiler");
    }

    @Test
    void shouldReadMeasurementsAsWritten() {
        Measurement measurement = measured(1, 2);

        assertThat(Measurement.parse(measurement.json())).isEqualTo(measurement);
    }

    @Test
    void shouldReadPlansAsWritten() {
        assertThat(TrainPlan.parse(PLAN.json())).isEqualTo(PLAN);
    }
}
