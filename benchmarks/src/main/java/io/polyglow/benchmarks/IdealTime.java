package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.plan.RandomOperands;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What the matrix products of the linear layers of a step would take if each ran by itself, over and over on the same {@link RandomOperands}: nothing else, and nothing that has to come
 * from memory. The step's time divided by it shows what everything else costs, the products' cold operands included. Attention's products are not counted.
 */
final class IdealTime {
    private static final int LEAST_ROUNDS = 5;
    private static final long LEAST_NS = 100_000_000;
    /** Products between two waits for a device, so that how long a thread takes to queue the first and to wake up after the last hardly shows. */
    private static final int QUEUED = 20;

    private final TrainPlan plan;
    private final Engine engine;
    private final NanoClock clock;
    private final RandomOperands operands;
    private final DType compute;
    private final DType residual;

    IdealTime(TrainPlan plan, Engine engine, NanoClock clock) {
        this.plan = plan;
        this.engine = engine;
        this.clock = clock;
        operands = new RandomOperands(engine);
        compute = DType.valueOf(plan.dtype().toUpperCase(Locale.ROOT));
        residual = Precision.of(compute).residual();
    }

    /** Seconds of a step's products, and of each kind of them once. */
    JsonObject measure() {
        double seconds = 0;
        JsonObject products = new JsonObject();
        for (LinearLayer layer : LinearLayer.of(plan)) {
            for (String pass : List.of("forward", "input gradient", "weight gradient")) {
                double once = fastest(layer, pass);
                seconds += once * layer.count() * plan.batch() / plan.micro();
                products.put(layer.name() + " " + pass, once);
            }
        }
        return new JsonObject().put("seconds", seconds).put("products", products);
    }

    private double fastest(LinearLayer layer, String pass) {
        long in = layer.rows() * layer.in() * compute.bytes();
        long out = layer.rows() * layer.columns() * Float.BYTES;
        long weight = (long) layer.in() * layer.out() * Float.BYTES;
        try (Arena arena = engine.allocate("ideal", in + 2 * out + 2 * weight)) {
            Tensor x = new Tensor(arena, 0, compute, layer.rows(), layer.in());
            Tensor y = new Tensor(arena, in, compute, layer.rows(), layer.columns());
            Tensor stream = new Tensor(arena, in + out, residual, layer.rows(), layer.columns());
            Tensor w = new Tensor(arena, in + 2 * out, compute, layer.weightDims());
            Tensor dW = new Tensor(arena, in + 2 * out + weight, residual, layer.weightDims());
            operands.fill(x);
            operands.fill(y);
            operands.fill(w);
            return fastest(call(layer, pass, x, y, stream, w, dW), y);
        }
    }

    /** Without the sums of biases' gradients, which are no products; weight gradients as of the first micro-batch of a step. */
    private Runnable call(LinearLayer layer, String pass, Tensor x, Tensor y, Tensor stream, Tensor w, Tensor dW) {
        Kernels kernels = engine.kernels();
        Tensor out = layer.ontoStream() ? stream : y;
        Tensor residualOrNone = layer.ontoStream() ? stream : null;
        return switch (pass) {
            case "forward" -> () -> kernels.linear(out, x, w, layer.layout(), null, residualOrNone);
            case "input gradient" -> () -> kernels.linearBackwardInput(x, y, w, layer.layout());
            default -> () -> kernels.linearBackwardWeight(dW, null, x, y, layer.layout(), false);
        };
    }

    private double fastest(Runnable product, Tensor probe) {
        UnsafeBuffer element = new UnsafeBuffer(new byte[probe.dtype().bytes()]);
        int products = engine.deviceBytes() > 0 ? QUEUED : 1;
        long best = Long.MAX_VALUE;
        long begin = clock.nanoTime();
        for (int round = 0; round < LEAST_ROUNDS || clock.nanoTime() - begin < LEAST_NS; round++) {
            long start = clock.nanoTime();
            for (int i = 0; i < products; i++) {
                product.run();
            }
            // an engine with a device queues the products and returns: this waits for them
            engine.read(probe.slice(0, 1), element, 0);
            best = Math.min(best, clock.nanoTime() - start);
        }
        return best / 1e9 / products;
    }
}
