package io.polyglow.engine.cuda;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.engine.cuda.MatrixProducts.Shape;
import io.polyglow.trainer.tensor.DType;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.agrona.concurrent.NanoClock;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the fastest of several algorithms for a product, among those that give the bits of the first: so what is timed decides the time alone. All run on random operands in memory of their own, and
 * what they write is compared in {@value #WINDOWS} places. For small products and outputs, and where there is no memory for the operands, the first it is.
 */
final class ProductTrials {
    /** {@code -Dpolyglow.cuda.trials=N} tries for products of at least so many floating-point operations. */
    static final String LEAST_FLOPS = "polyglow.cuda.trials";

    private static final long USUAL_LEAST_FLOPS = 1L << 33;
    /** Nothing that is less than 3 % faster than the first is worth leaving it. */
    private static final double WORTHWHILE = 0.97;

    private static final int ROUNDS = 3;
    private static final int RUNS = 4;
    static final int WINDOWS = 64;
    private static final int WINDOW_BYTES = 1 << 16;
    private static final int OPERANDS = 5;
    private static final long PAGE_BYTES = 1 << 20;
    private static final long OFFSET_BYTES = 1 << 16;
    /** Of an output in bf16, whose rounding hides most differences, so many elements show them all the same. */
    private static final long FEWEST_ROUNDED = 1L << 20;
    /** No element is ever this: all ones are a NaN in both dtypes. */
    private static final int POISON = 0xff;

    private final NvidiaDevice device;
    private final NanoClock clock;
    private final long leastFlops;
    private @Nullable BytePointer page;

    ProductTrials(NvidiaDevice device, NanoClock clock) {
        this.device = device;
        this.clock = clock;
        leastFlops = Long.getLong(LEAST_FLOPS, USUAL_LEAST_FLOPS);
    }

    /** Addresses of the operands of a product. */
    record Operands(long a, long b, long c, long d, long vector) {}

    /** Queues a product by one algorithm. */
    interface Product {
        /** The library's status: 0 when the product is queued. */
        int queue(int algorithm, Operands operands);
    }

    /** The number of the fastest algorithm, and its time as a part of the first's. */
    record Choice(int algorithm, double timeOfFirst) {
        static final Choice FIRST = new Choice(0, 1);
    }

    /** Tries the algorithms. */
    Choice choose(Shape shape, int algorithms, Product product) {
        boolean shows = shape.out() == DType.F32 || (long) shape.m() * shape.n() >= FEWEST_ROUNDED;
        boolean pays = 2.0 * shape.m() * shape.n() * shape.k() >= leastFlops;
        if (algorithms == 1 || !shows || !pays || device.isRecording()) {
            return Choice.FIRST;
        }
        try (Memory memory = allocate(shape)) {
            return memory == null ? Choice.FIRST : memory.choose(algorithms, product);
        }
    }

    /** Null where the GPU has no room; every other failure is the caller's to hear of. */
    private @Nullable Memory allocate(Shape shape) {
        Memory memory = new Memory(shape);
        try {
            memory.allocate();
            return memory;
        } catch (PolyglowException e) {
            memory.close();
            return null;
        }
    }

    /** Random numbers of several orders of magnitude, so that sums are not exact and their order shows: pairs of bf16, each also an f32. */
    private BytePointer page() {
        BytePointer made = page;
        if (made == null) {
            made = new BytePointer(PAGE_BYTES + OPERANDS * OFFSET_BYTES);
            SplittableRandom random = new SplittableRandom(1);
            for (long at = 0; at < made.capacity(); at += DType.BF16.bytes()) {
                double value = random.nextDouble(-1, 1) / (1 << random.nextInt(8));
                made.putShort(at, (short) (Float.floatToIntBits((float) value) >>> 16));
            }
            page = made;
        }
        return made;
    }

    private final class Memory implements AutoCloseable {
        private final long[] sizes;
        private final long[] addresses = new long[OPERANDS];
        private final long bytes;
        private int allocated;

        Memory(Shape s) {
            long outBytes = s.out().bytes();
            bytes = (long) s.ldd() * s.n() * outBytes;
            sizes = new long[] {
                (long) s.lda() * (s.transposeA() ? s.m() : s.k()) * s.in().bytes(),
                (long) s.ldb() * (s.transposeB() ? s.k() : s.n()) * s.in().bytes(),
                s.addC() ? bytes : outBytes,
                bytes,
                s.m() * outBytes
            };
        }

        void allocate() {
            for (long size : sizes) {
                addresses[allocated] = device.allocate("trials of products", size);
                allocated++;
            }
        }

        /** Operands begin at different places of the page and go on with it, again and again. */
        private void fill() {
            for (int i = 0; i < OPERANDS; i++) {
                long done = Math.min(sizes[i], PAGE_BYTES);
                device.toDevice(addresses[i], page().getPointer(i * OFFSET_BYTES), done);
                for (; done < sizes[i]; done *= 2) {
                    device.copy(addresses[i] + done, addresses[i], Math.min(done, sizes[i] - done));
                }
            }
            device.await();
        }

        Choice choose(int algorithms, Product product) {
            fill();
            Operands operands = new Operands(addresses[0], addresses[1], addresses[2], addresses[3], addresses[4]);
            byte[] bits = result(product, operands, 0);
            if (bits.length == 0) {
                return Choice.FIRST;
            }
            long first = time(product, operands, 0);
            int best = 0;
            long bestTime = (long) (WORTHWHILE * first);
            for (int i = 1; i < algorithms; i++) {
                if (Arrays.equals(result(product, operands, i), bits)) {
                    long time = time(product, operands, i);
                    best = time < bestTime ? i : best;
                    bestTime = Math.min(time, bestTime);
                }
            }
            return best == 0 ? Choice.FIRST : new Choice(best, (double) bestTime / first);
        }

        /** What an algorithm writes, in evenly spread windows; nothing if it does not run. */
        private byte[] result(Product product, Operands operands, int algorithm) {
            device.fill(addresses[3], POISON, bytes);
            if (product.queue(algorithm, operands) != 0) {
                return new byte[0];
            }
            int window = (int) Math.min(bytes, WINDOW_BYTES);
            int windows = (int) Math.min(WINDOWS, bytes / window);
            byte[] all = new byte[windows * window];
            try (BytePointer part = new BytePointer(window)) {
                for (int w = 0; w < windows; w++) {
                    long at = windows == 1 ? 0 : (bytes - window) / (windows - 1) * w;
                    device.toHost(part, addresses[3] + at, window);
                    device.await();
                    part.get(all, w * window, window);
                }
            }
            return all;
        }

        /** Nanoseconds of a few runs, the best of several rounds. */
        private long time(Product product, Operands operands, int algorithm) {
            long best = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                long start = clock.nanoTime();
                for (int run = 0; run < RUNS; run++) {
                    product.queue(algorithm, operands);
                }
                device.await();
                best = Math.min(best, clock.nanoTime() - start);
            }
            return best;
        }

        @Override
        public void close() {
            device.await();
            while (allocated > 0) {
                device.free(addresses[--allocated]);
            }
        }
    }
}
