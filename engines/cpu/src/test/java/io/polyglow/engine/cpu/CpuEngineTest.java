package io.polyglow.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CpuEngineTest {
    private static final long GIB = 1L << 30;

    private Engine engine = new ReferenceEngine();
    private Kernels kernels = engine.kernels();

    @BeforeEach
    void open() {
        engine = new CpuEngineProvider().open(2);
        kernels = engine.kernels();
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void shouldBeFoundAndPreferredToTheReference() {
        List<EngineProvider> providers = ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        EngineProvider cpu =
                providers.stream().filter(p -> p.name().equals("cpu")).findAny().orElseThrow();
        assertThat(cpu.unavailable()).isEmpty();
        assertThat(providers).allMatch(p -> p == cpu || p.priority() < cpu.priority());
        assertThat(engine.describe()).startsWith("cpu: oneDNN 3.").contains("2 threads");
    }

    @Test
    void shouldComputeBeyondTwoGibibytesWhenAnArenaIsLarge() {
        Arena arena = engine.allocate("large", 2 * GIB + (1 << 20));
        Tensor across = new Tensor(arena, 2 * GIB - 400, DType.F32, 20, 13);
        Tensor twin = filled(20, 13);
        kernels.copy(across, twin);
        assertThat(Values.read(engine, across)).isEqualTo(Values.read(engine, twin));
        assertThat(new Tensor(arena, 0, DType.F32, 2).size()).isEqualTo(2);
        Tensor weight = filled(13, 13);
        Tensor expected = tensor(20, 13);
        kernels.linear(expected, twin, weight, WeightLayout.OUT_IN, null, null);
        Tensor result = new Tensor(arena, 2 * GIB + 4096, DType.F32, 20, 13);
        kernels.linear(result, across, weight, WeightLayout.OUT_IN, null, null);
        assertThat(Values.read(engine, result)).isEqualTo(Values.read(engine, expected));
    }

    /** Stages of a pipeline lay their tensors out differently. */
    @Test
    void shouldGiveTheSameBitsWhereverTensorsLie() {
        AttentionShape shape = new AttentionShape(2, 70, 3, 3, 20);
        double[][] results = new double[5][];
        int[] offsets = {0, 4, 64, 60, 4096};
        for (int i = 0; i < offsets.length; i++) {
            Tensor qkv = shifted(offsets[i], filled(140, 180));
            Tensor attended = shifted(offsets[i], tensor(140, 60));
            Tensor projected = shifted(offsets[i], tensor(140, 300));
            Tensor dWeight = shifted(offsets[i], tensor(300, 60));
            Tensor weight = shifted(offsets[i], filled(300, 60));
            kernels.attention(attended, tensor(2, 3, 70), qkv, null, shape);
            kernels.linear(projected, attended, weight, WeightLayout.OUT_IN, null, null);

            kernels.linearBackwardWeight(dWeight, null, attended, projected, WeightLayout.OUT_IN, true);
            results[i] = DoubleStream.concat(
                            DoubleStream.of(Values.read(engine, attended)),
                            DoubleStream.of(Values.read(engine, dWeight)))
                    .toArray();
        }
        for (double[] result : results) {
            assertThat(result).isEqualTo(results[0]);
        }
    }

    /** Owners of optimizer slices must not be told apart by where their slices begin or end. */
    @Test
    void shouldUpdateAnElementAlikeInAnySlice() {
        AdamWStep step = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05, 0.7);
        int size = 40_009;
        Tensor w = filled(size), m = filled(size), v = tensor(size), g = filled(size);
        kernels.adamW(step, w, m, v, g, null);
        Tensor w2 = filled(size), m2 = filled(size), v2 = tensor(size);
        for (int from = 0; from < size; from += 9_999) {
            int n = Math.min(9_999, size - from);
            kernels.adamW(step, w2.slice(from, n), m2.slice(from, n), v2.slice(from, n), g.slice(from, n), null);
        }
        assertThat(Values.read(engine, w2)).isEqualTo(Values.read(engine, w));
        assertThat(Values.read(engine, v2)).isEqualTo(Values.read(engine, v));
    }

    @Test
    void shouldRefuseTensorsThatItCannotCompute() {
        Tensor f64 = new Tensor(engine.allocate("test", 80), 0, DType.F64, 10);
        assertThatThrownBy(() -> kernels.fill(f64, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("F64[10]")
                .hasMessageContaining("reference");
        try (ReferenceEngine other = new ReferenceEngine()) {
            Tensor foreign = new Tensor(other.allocate("test", 40), 0, DType.F32, 10);
            assertThatThrownBy(() -> kernels.fill(foreign, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another engine");
        }
    }

    @Test
    void shouldRefuseTensorsOfAClosedArena() {
        Tensor tensor = tensor(10);
        tensor.arena().close();
        assertThatThrownBy(() -> kernels.fill(tensor, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("already freed");
    }

    @Test
    void shouldNameTheBadIdWhenATokenIsOutsideTheVocabulary() {
        Tensor tokens = new Tensor(engine.allocate("test", 40), 0, DType.I32, 10);
        Values.write(engine, tokens, 0, 1, 2, 3, 4, 5, 6, 31, 8, 9);
        assertThatThrownBy(() -> kernels.embedding(tensor(10, 4), tokens, tensor(31, 4), null, 10, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("id 31 at row 7");
    }

    /** OpenMP's threads take the name of the thread that started them. */
    @Test
    void shouldKeepOneDnnOnTheCallersThread() throws Exception {
        Path tasks = Path.of("/proc/self/task");
        assumeThat(tasks).exists();
        String name = "omp-probe";
        ExecutorService executor = Executors.newSingleThreadExecutor(task -> new Thread(task, name));
        try (Engine single = new CpuEngineProvider().open(1)) {
            long threads = executor.submit(() -> {
                        Tensor x = new Tensor(single.allocate("test", 1 << 20), 0, DType.F32, 512, 512);
                        Tensor y = new Tensor(single.allocate("test", 1 << 20), 0, DType.F32, 512, 512);
                        single.kernels().linear(y, x, x, WeightLayout.OUT_IN, null, null);
                        return threadsNamed(tasks, name);
                    })
                    .get();
            assertThat(threads).isEqualTo(1);
        } finally {
            executor.shutdown();
        }
    }

    private static long threadsNamed(Path tasks, String name) throws IOException {
        long count = 0;
        try (Stream<Path> all = Files.list(tasks)) {
            for (Path task : all.toList()) {
                count += nameOf(task).equals(name) ? 1 : 0;
            }
        }
        return count;
    }

    private static String nameOf(Path task) throws IOException {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    private Tensor tensor(long... dims) {
        long size = 1;
        for (long dim : dims) {
            size *= dim;
        }
        return new Tensor(engine.allocate("test", size * Float.BYTES), 0, DType.F32, dims);
    }

    private Tensor filled(long... dims) {
        Tensor tensor = tensor(dims);
        double[] values = new double[(int) tensor.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.sin(i * 1.7) - 0.1;
        }
        Values.write(engine, tensor, values);
        return tensor;
    }

    private Tensor shifted(int offset, Tensor tensor) {
        Tensor copy =
                new Tensor(engine.allocate("test", tensor.bytes() + offset), offset, tensor.dtype(), tensor.shape());
        kernels.copy(copy, tensor);
        return copy;
    }
}
