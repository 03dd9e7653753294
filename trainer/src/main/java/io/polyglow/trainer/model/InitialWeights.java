package io.polyglow.trainer.model;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Draws the initial values of parameters on all cores. Element i of a parameter is made of words 2i and 2i + 1 of the stream {@code init/NAME}, whichever
 * thread draws it, so the values depend on the seed and the name only.
 */
final class InitialWeights {
    private static final int WORDS_PER_ELEMENT = 2;
    private static final int LARGEST_SLAB = 1 << 22;
    private static final int SMALLEST_SHARE = 1 << 14;

    private final Engine engine;
    private final long seed;

    InitialWeights(Engine engine, long seed) {
        this.engine = engine;
        this.seed = seed;
    }

    /** Fills a parameter as its spec says. */
    void draw(ParameterSpec spec, Tensor parameter) {
        if (spec.std() == 0) {
            engine.kernels().fill(parameter, spec.mean());
            return;
        }
        int slab = (int) Math.min(LARGEST_SLAB, parameter.size());
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[slab * parameter.dtype().bytes()]);
        for (long from = 0; from < parameter.size(); from += slab) {
            int count = (int) Math.min(slab, parameter.size() - from);
            drawSlab(spec, parameter.dtype(), buffer, from, count);
            engine.write(parameter.slice(from, count), buffer, 0);
        }
    }

    private void drawSlab(ParameterSpec spec, DType dtype, UnsafeBuffer buffer, long from, int count) {
        int cores = Runtime.getRuntime().availableProcessors();
        int share = Math.max(SMALLEST_SHARE, (count + cores - 1) / cores);
        Thread[] helpers = new Thread[(count - 1) / share];
        for (int i = 0; i < helpers.length; i++) {
            int begin = (i + 1) * share;
            int end = Math.min(count, begin + share);
            helpers[i] = new Thread(() -> drawShare(spec, dtype, buffer, from, begin, end), "initial-weights-" + i);
            helpers[i].start();
        }
        drawShare(spec, dtype, buffer, from, 0, Math.min(count, share));
        for (Thread helper : helpers) {
            join(helper);
        }
    }

    private void drawShare(ParameterSpec spec, DType dtype, UnsafeBuffer buffer, long from, int begin, int end) {
        RandomStream random = RandomStream.of(seed, "init/" + spec.name(), 0);
        random.seek(WORDS_PER_ELEMENT * (from + begin));
        for (int i = begin; i < end; i++) {
            // rounded to f32 in every precision, so that a model in double starts from the same weights
            put(buffer, i * dtype.bytes(), dtype, (float) (spec.mean() + spec.std() * random.nextGaussian()));
        }
    }

    private static void put(UnsafeBuffer buffer, int at, DType dtype, float value) {
        if (dtype == DType.F64) {
            buffer.putDouble(at, value, ByteOrder.LITTLE_ENDIAN);
        } else {
            buffer.putFloat(at, value, ByteOrder.LITTLE_ENDIAN);
        }
    }

    private static void join(Thread helper) {
        try {
            helper.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(ErrorKind.PEER_LOST, "interrupted while initial weights were drawn", e);
        }
    }
}
