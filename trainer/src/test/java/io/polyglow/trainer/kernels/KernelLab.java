package io.polyglow.trainer.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Runs one kernel call on the reference and on the engine under test, the latter twice on one thread and once on each other number of threads, checks
 * that all agree in every bit, and holds the outputs for comparison.
 */
final class KernelLab implements AutoCloseable {
    /** A call, told how to find the tensor of an operand on the engine that runs it. */
    interface Call {
        void run(Kernels kernels, Operands at);
    }

    /** Finds the tensor of an operand. */
    interface Operands {
        Tensor of(Operand operand);
    }

    /** A value that exists on every engine. */
    static final class Operand {
        final DType dtype;
        final int[] dims;
        final UnsafeBuffer initial;
        /** Root mean square of what the operand holds at first; 0 for outputs that hold NaN. */
        final double initialSize;

        final List<Tensor> tensors = new ArrayList<>();
        double[] expected = {};
        double[] actual = {};

        private Operand(DType dtype, int[] dims, double[] values) {
            this.dtype = dtype;
            this.dims = dims;
            initial = Values.encode(dtype, values);
            double size = Values.rootMeanSquare(values);
            initialSize = Double.isFinite(size) ? size : 0;
        }

        void reset(Engine engine, int index) {
            engine.write(tensors.get(index), initial, 0);
        }
    }

    private final Engine reference = new ReferenceEngine();
    private final List<Engine> subjects = new ArrayList<>();
    private final List<Operand> operands = new ArrayList<>();
    private final List<Arena> arenas = new ArrayList<>();
    private long draws;

    KernelLab(IntFunction<Engine> open, int mostThreads) {
        for (int threads = 1; threads <= mostThreads; threads++) {
            subjects.add(open.apply(threads));
        }
    }

    Engine subject() {
        return subjects.get(0);
    }

    /** Standard normal values. */
    Operand input(DType dtype, int... dims) {
        return input(dtype, 1, dims);
    }

    /** Normal values with this standard deviation. */
    Operand input(DType dtype, double std, int... dims) {
        RandomStream random = RandomStream.of(7, "kernel-lab", draws++);
        double[] values = new double[size(dims)];
        Arrays.setAll(values, i -> random.nextGaussian() * std);
        return given(dtype, values, dims);
    }

    /** An output: full of NaN, so that reading it shows. */
    Operand output(DType dtype, int... dims) {
        double[] values = new double[size(dims)];
        Arrays.fill(values, Double.NaN);
        return given(dtype, values, dims);
    }

    /** Ids below the bound. */
    Operand ids(int bound, int... dims) {
        RandomStream random = RandomStream.of(7, "kernel-lab-ids", draws++);
        double[] values = new double[size(dims)];
        Arrays.setAll(values, i -> random.nextInt(bound));
        return given(DType.I32, values, dims);
    }

    Operand given(DType dtype, double[] values, int... dims) {
        Operand operand = new Operand(dtype, dims, values);
        operand.tensors.add(allocate(reference, operand));
        for (Engine subject : subjects) {
            operand.tensors.add(allocate(subject, operand));
        }
        operands.add(operand);
        return operand;
    }

    private Tensor allocate(Engine engine, Operand operand) {
        Arena arena = engine.allocate("test", operand.initial.capacity());
        arenas.add(arena);
        return new Tensor(
                arena,
                0,
                operand.dtype,
                Arrays.stream(operand.dims).asLongStream().toArray());
    }

    /** Runs the call everywhere from the operands' initial values. */
    void run(Call call) {
        runOn(reference, 0, call);
        for (Operand operand : operands) {
            operand.expected = Values.read(reference, operand.tensors.get(0));
        }
        runOn(subjects.get(0), 1, call);
        for (Operand operand : operands) {
            operand.actual = Values.read(subjects.get(0), operand.tensors.get(1));
        }
        for (int i = 0; i < subjects.size(); i++) {
            runOn(subjects.get(i), i + 1, call);
            for (Operand operand : operands) {
                assertThat(Values.read(subjects.get(i), operand.tensors.get(i + 1)))
                        .as("bits on repeat with %d threads", i + 1)
                        .isEqualTo(operand.actual);
            }
        }
    }

    private void runOn(Engine engine, int index, Call call) {
        for (Operand operand : operands) {
            operand.reset(engine, index);
        }
        call.run(engine.kernels(), operand -> operand.tensors.get(index));
    }

    /** Compares with the reference: sums of {@code terms} products, whose factors have the dtype {@code inner}. */
    void assertClose(String what, Operand operand, int terms, DType inner) {
        Values.assertClose(what, operand.actual, operand.expected, operand.dtype, terms, inner);
    }

    /** The same for exponentials of numbers up to {@code exponent}, divided by sums of {@code terms} of them. */
    void assertExponentials(String what, Operand operand, int terms, DType inner, double exponent) {
        Values.assertClose(what, operand.actual, operand.expected, operand.dtype, terms, inner, 0, exponent);
    }

    /** The same for an operand that something was added to: where the sum cancels, it still has the rounding of what it held. */
    void assertAccumulated(String what, Operand operand, int terms, DType inner) {
        Values.assertClose(what, operand.actual, operand.expected, operand.dtype, terms, inner, operand.initialSize);
    }

    /** Forgets all operands and frees their memory. */
    void clear() {
        arenas.forEach(Arena::close);
        arenas.clear();
        operands.clear();
    }

    private static int size(int[] dims) {
        return Arrays.stream(dims).reduce(1, Math::multiplyExact);
    }

    @Override
    public void close() {
        clear();
        subjects.forEach(Engine::close);
        reference.close();
    }
}
