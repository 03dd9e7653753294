package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.tensor.DType;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import org.agrona.concurrent.NanoClock;

/**
 * What {@code dtype: auto} means on a CPU, and why. A matrix unit (AMX) makes bf16 some times as fast as f32, and AMD's bf16 vectors (Zen 4 and newer) multiply twice as many numbers in an
 * instruction. Other vector units of x86 compute in f32: their bf16 instructions gain little or lose. A choice by features is the same after every restart, so that a run keeps its bits;
 * only on a CPU that is none of these are the products themselves timed.
 */
record TypeChoice(DType dtype, String reason) {
    /** bf16 must win by this much, because more than products is computed, and a choice near the border would differ between ranks. */
    static final double CLEARLY = 1.5;

    /** Rows, inputs and outputs of the product that is timed: one of a small transformer's. */
    private static final int ROWS = 256;

    private static final int CHANNELS = 768;
    private static final int ROUNDS = 5;

    /** What the choice is made by: AMX, AVX-512 with bf16, AVX2 or AVX-512 at all, and whether AMD made the CPU. */
    record Features(boolean matrixUnit, boolean bf16Vectors, boolean x86Vectors, boolean amd) {}

    /** Chooses; {@code speedup}, how many times as fast as an f32 product a bf16 one is, is only asked where features leave doubt. */
    static TypeChoice of(boolean multipliesBf16, Features cpu, DoubleSupplier speedup) {
        if (!multipliesBf16) {
            return new TypeChoice(DType.F32, "this CPU has no bf16 products");
        }
        if (cpu.matrixUnit()) {
            return new TypeChoice(DType.BF16, "the CPU has a matrix unit for bf16");
        }
        if (cpu.bf16Vectors() && cpu.amd()) {
            return new TypeChoice(DType.BF16, "the CPU's vectors multiply twice as many numbers in bf16");
        }
        if (cpu.x86Vectors()) {
            return new TypeChoice(
                    DType.F32, "bf16 pays with a matrix unit (AMX) or AMD's bf16 vectors, which this CPU lacks");
        }
        double times = speedup.getAsDouble();
        return new TypeChoice(
                times >= CLEARLY ? DType.BF16 : DType.F32,
                String.format(
                        Locale.ROOT,
                        "on this unknown CPU a bf16 product was %.2f times as fast as an f32 one; %.1f is asked",
                        times,
                        CLEARLY));
    }

    /** The fastest of some rounds in turn, on this thread: about 20 ms. */
    static double measuredSpeedup(NanoClock clock) {
        Scratch memory = new Scratch();
        try (Lane lane = new Lane()) {
            long matrix = (long) CHANNELS * CHANNELS * Float.BYTES;
            Memory bytes = memory.atLeast(3 * matrix);
            long f32 = Long.MAX_VALUE;
            long bf16 = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                f32 = Math.min(f32, time(lane, bytes, matrix, DType.F32, clock));
                bf16 = Math.min(bf16, time(lane, bytes, matrix, DType.BF16, clock));
            }
            return (double) f32 / Math.max(1, bf16);
        } finally {
            memory.close();
        }
    }

    private static long time(Lane lane, Memory memory, long matrix, DType dtype, NanoClock clock) {
        Strides rows = Strides.rows(CHANNELS);
        GemmSpec spec = GemmSpec.product(ROWS, CHANNELS, CHANNELS, rows, rows.transposed(), rows, dtype, DType.F32);
        long begin = clock.nanoTime();
        lane.multiply(spec, memory.address(0), memory.address(matrix), memory.address(2 * matrix));
        return clock.nanoTime() - begin;
    }
}
