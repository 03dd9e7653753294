package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.WatchedEngine;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.tensor.Tensor;
import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class IdealTimeTest {
    private static final TrainPlan PLAN =
            new TrainPlan("reference", "nano", 8, 2, 2, "f32", 1, 0, 1, 7, Recompute.NONE);

    /** A tenth of a second passes from one look to the next, so that the fewest rounds are enough. */
    private static NanoClock clock() {
        long[] now = {0};
        return () -> now[0] += 100_000_000;
    }

    /** The reference engine, which claims memory of its own as if its products were queued for a device. */
    private static Engine onDevice(Engine engine) {
        return (Engine) Proxy.newProxyInstance(
                Engine.class.getClassLoader(),
                new Class<?>[] {Engine.class},
                (proxy, method, arguments) ->
                        method.getName().equals("deviceBytes") ? (Object) 1L : method.invoke(engine, arguments));
    }

    /** How often methods of the engine and kernels are called while the products are timed. */
    private static Map<String, Integer> calls(Engine engine, JsonObject result) {
        Map<String, Integer> calls = new TreeMap<>();
        Engine watched = WatchedEngine.of(
                engine,
                (method, arguments) -> calls.merge(method, 1, Integer::sum),
                (kernel, arguments) -> calls.merge(kernel, 1, Integer::sum));
        result.put("ideal", new IdealTime(PLAN, watched, clock()).measure());
        return calls;
    }

    @Test
    void shouldWaitForEachProductWhereNothingIsQueued() {
        JsonObject result = new JsonObject();
        try (Engine engine = Engines.named("reference").open(1)) {
            Map<String, Integer> calls = calls(engine, result);
            assertThat(calls.get("linear")).isEqualTo(5 * 5);
            assertThat(calls.get("read")).isEqualTo(3 * 5 * 5);
        }
        assertThat(qkv(result)).isEqualTo(0.1);
    }

    @Test
    void shouldQueueManyProductsForADeviceBeforeItWaits() {
        JsonObject result = new JsonObject();
        try (Engine engine = Engines.named("reference").open(1)) {
            Map<String, Integer> calls = calls(onDevice(engine), result);
            assertThat(calls.get("linear")).isEqualTo(5 * 5 * 20);
            assertThat(calls.get("read")).isEqualTo(3 * 5 * 5);
        }
        assertThat(qkv(result)).isEqualTo(0.1 / 20);
    }

    private static double qkv(JsonObject result) {
        return result.getObject("ideal").getObject("products").getDouble("qkv forward");
    }

    @Test
    void shouldMultiplyOperandsWhoseValuesDiffer() {
        try (Engine engine = Engines.named("reference").open(1)) {
            Engine watched = WatchedEngine.of(engine, (method, arguments) -> {}, (kernel, arguments) -> {
                if (kernel.equals("linear")) {
                    assertThat(valuesOf(engine, (Tensor) arguments[1])).hasSizeGreaterThan(100);
                    assertThat(valuesOf(engine, (Tensor) arguments[2])).hasSizeGreaterThan(100);
                } else if (kernel.equals("linearBackwardWeight")) {
                    assertThat(valuesOf(engine, (Tensor) arguments[3])).hasSizeGreaterThan(100);
                }
            });
            new IdealTime(PLAN, watched, clock()).measure();
        }
    }

    private static Set<Float> valuesOf(Engine engine, Tensor tensor) {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[(int) tensor.bytes()]);
        engine.read(tensor, buffer, 0);
        Set<Float> values = new HashSet<>();
        for (int i = 0; i < tensor.size(); i++) {
            values.add(buffer.getFloat(i * Float.BYTES));
        }
        return values;
    }
}
