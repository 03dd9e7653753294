package io.polyglow.benchmarks.kernels;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;

/** Tensors with arenas of their own, which the engine frees. */
final class Tensors {
    private static final int CHUNK = 1 << 16;

    private final Engine engine;
    private final SplittableRandom random = new SplittableRandom(1234);

    Tensors(Engine engine) {
        this.engine = engine;
    }

    /** Zeros. */
    Tensor zeros(DType dtype, long... dims) {
        long size = dtype.bytes();
        for (long dim : dims) {
            size *= dim;
        }
        return new Tensor(engine.allocate("kernel benchmark", size), 0, dtype, dims);
    }

    /** Numbers between -1 and 1. */
    Tensor random(DType dtype, long... dims) {
        Tensor tensor = zeros(DType.F32, dims);
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[CHUNK * Float.BYTES]);
        for (long from = 0; from < tensor.size(); from += CHUNK) {
            int count = (int) Math.min(CHUNK, tensor.size() - from);
            for (int i = 0; i < count; i++) {
                buffer.putFloat(i * Float.BYTES, (float) (2 * random.nextDouble() - 1), ByteOrder.LITTLE_ENDIAN);
            }
            engine.write(tensor.slice(from, count), buffer, 0);
        }
        if (dtype == DType.F32) {
            return tensor;
        }
        Tensor converted = zeros(dtype, dims);
        engine.kernels().copy(converted, tensor);
        return converted;
    }

    /** Numbers from 0 to {@code bound - 1}. */
    Tensor ids(int bound, int count) {
        Tensor tensor = zeros(DType.I32, count);
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[count * Integer.BYTES]);
        for (int i = 0; i < count; i++) {
            buffer.putInt(i * Integer.BYTES, random.nextInt(bound), ByteOrder.LITTLE_ENDIAN);
        }
        engine.write(tensor, buffer, 0);
        return tensor;
    }
}
