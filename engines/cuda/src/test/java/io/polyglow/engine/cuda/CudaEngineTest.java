package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.engine.cuda.FakeDevice.Launch;
import io.polyglow.engine.cuda.MatrixProducts.Epilogue;
import io.polyglow.engine.cuda.MatrixProducts.Shape;
import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.CopyStream;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The host's side of the engine, on a device that only writes down what it is told. */
class CudaEngineTest {
    @TempDir
    Path folder;

    private final FakeDevice device = new FakeDevice();
    private final FakeProducts products = new FakeProducts();
    private @Nullable CudaEngine opened;

    /** Writes down shapes; takes those it is told to. */
    private static final class FakeProducts implements MatrixProducts {
        final List<Shape> shapes = new ArrayList<>();
        Predicate<Shape> takes = shape -> true;

        @Override
        public String describe() {
            return "fake products";
        }

        @Override
        public boolean multiply(Shape shape, long a, long b, long c, long d, long vector) {
            shapes.add(shape);
            return takes.test(shape);
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void open() {
        opened = new CudaEngine(device, products, new FakeCompiler(), new FakeNccl(device), folder);
    }

    @AfterEach
    void shouldFreeAllDeviceMemoryAtTheEnd() {
        engine().close();
        assertThat(device.memory).isEmpty();
        assertThat(device.pinnedBlocks).isZero();
    }

    private CudaEngine engine() {
        return Objects.requireNonNull(opened);
    }

    private Tensor tensor(DType dtype, long... dims) {
        long size = 1;
        for (long dim : dims) {
            size *= dim;
        }
        return new Tensor(engine().allocate("test", size * dtype.bytes()), 0, dtype, dims);
    }

    @Test
    void shouldMoveMoreBytesThanFitThePageLockedMemory() {
        int size = 40 << 20;
        byte[] bytes = new byte[size];
        new Random(7).nextBytes(bytes);
        Tensor whole = tensor(DType.I32, size / 4);
        engine().write(whole, new UnsafeBuffer(bytes), 0);
        byte[] back = new byte[size + 5];
        engine().read(whole, new UnsafeBuffer(back), 5);
        assertThat(ByteBuffer.wrap(back, 5, size)).isEqualTo(ByteBuffer.wrap(bytes));
        assertThat(device.copies).allMatch(each -> each <= 16 << 20);
    }

    @Test
    void shouldNotWaitForSmallWrites() {
        Tensor ids = tensor(DType.I32, 1021);
        int before = device.waits;
        for (int i = 0; i < 100; i++) {
            engine().write(ids, new UnsafeBuffer(new byte[4084]), 0);
        }
        assertThat(device.waits).isEqualTo(before);
    }

    @Test
    void shouldMovePageLockedMemoryWithoutADetour() {
        int size = 40 << 20;
        Tensor whole = tensor(DType.I32, size / 4);
        UnsafeBuffer buffer = engine().allocateHost(size + 8);
        engine().write(whole, buffer, 8);
        engine().read(whole, new UnsafeBuffer(buffer, 4, size), 0);
        assertThat(device.copies).containsExactly(size, size);
        try (CopyStream copies = engine().copyStream()) {
            copies.write(whole, buffer, 4);
            copies.read(whole, buffer, 8);
        }
        assertThat(device.sides.get(0).copies).containsExactly(size, size);
    }

    @Test
    void shouldTakeADetourBesideTheKernelsForOtherMemory() {
        int size = CudaCopyStream.DETOUR_BYTES + 12;
        Tensor whole = tensor(DType.I32, size / 4);
        int before = device.waits;
        try (CopyStream copies = engine().copyStream()) {
            copies.write(whole, new UnsafeBuffer(new byte[size]), 0);
            copies.read(whole, new UnsafeBuffer(ByteBuffer.allocateDirect(size)), 0);
        }
        assertThat(device.sides.get(0).copies)
                .containsExactly(CudaCopyStream.DETOUR_BYTES, 12, CudaCopyStream.DETOUR_BYTES, 12);
        assertThat(device.waits).as("nobody waits for the kernels").isEqualTo(before);
    }

    @Test
    void shouldWaitForAWriteFromPageLockedMemoryWhichTheCallerMayUseAgain() {
        device.main.lag();
        Tensor whole = tensor(DType.I32, 3);
        UnsafeBuffer buffer = engine().allocateHost(12);
        buffer.setMemory(0, 12, (byte) 7);
        engine().write(whole, buffer, 0);
        buffer.setMemory(0, 12, (byte) 0);
        engine().read(whole, buffer, 0);
        assertThat(buffer.getInt(8)).isEqualTo(0x07070707);
    }

    @Test
    void shouldFreeWhatACopyStreamUsedWhenItIsClosed() {
        int before = device.pinnedBlocks;
        CopyStream copies = engine().copyStream();
        assertThat(device.pinnedBlocks).isEqualTo(before + 1);
        copies.close();
        copies.close();
        assertThat(device.pinnedBlocks).isEqualTo(before);
        assertThat(device.sides.get(0).closed).isTrue();
    }

    @Test
    void shouldFindOldBytesBesideTheKernelsWhereNoEventIsAwaited() {
        device.main.lag();
        Tensor tensor = tensor(DType.I32, 3);
        UnsafeBuffer buffer = engine().allocateHost(12);
        engine().write(tensor, new UnsafeBuffer(new byte[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}), 0);
        try (CopyStream copies = engine().copyStream()) {
            CopyStream.Event event = copies.newEvent();
            event.record();
            copies.read(tensor, buffer, 0);
            assertThat(buffer.getInt(8)).isZero();
            event.await();
            copies.read(tensor, buffer, 0);
            assertThat(buffer.getInt(8)).isEqualTo(0x01010101);
        }
    }

    @Test
    void shouldPackParametersAsCDoes() {
        Tensor w = tensor(DType.F32, 3), m = tensor(DType.F32, 3), v = tensor(DType.F32, 3), g = tensor(DType.F32, 3);
        engine().kernels().adamW(new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 0.5, 0.25, 2), w, m, v, g, null);
        Launch launch = device.launches.get(device.launches.size() - 1);
        ByteBuffer arguments = launch.arguments();
        assertThat(launch.kernel()).isEqualTo("adamw");
        assertThat(arguments.getFloat(0)).isEqualTo(1e-3f);
        assertThat(arguments.getFloat(9 * 4)).isEqualTo(2f);
        assertThat(arguments.getInt(10 * 4)).as("tensors").isEqualTo(1);
        assertThat(arguments.getLong(48))
                .as("a pointer after ten floats and an int, at a multiple of 8")
                .isEqualTo(CudaArena.address(w));
        assertThat(arguments.getLong(48 + 3 * 8)).isEqualTo(CudaArena.address(g));
        assertThat(arguments.getLong(48 + 4 * 8)).as("no copy").isZero();
        assertThat(arguments.getLong(48 + 5 * 8)).as("elements").isEqualTo(3);
        assertThat(arguments.capacity())
                .as("all tensors that a launch may have, within the 4,096 bytes of a kernel")
                .isEqualTo(48 + 72 * 56);
        assertThat(launch.grid()).isEqualTo(new Device.Grid(1, 1, 1, 256, 1));
    }

    @Test
    void shouldTellTheLibraryTheColumnMajorShape() {
        Tensor x = tensor(DType.BF16, 6, 32), w = tensor(DType.BF16, 5, 32), out = tensor(DType.BF16, 6, 64);
        engine().kernels().linear(out, x, w, WeightLayout.OUT_IN, null, null);
        assertThat(products.shapes)
                .containsExactly(
                        new Shape(5, 6, 32, true, false, 32, 32, 64, DType.BF16, DType.BF16, false, Epilogue.NONE, 16));
    }

    @Test
    void shouldFallBackToItsOwnKernelWhenTheLibraryHasNone() {
        products.takes = shape -> false;
        Tensor x = tensor(DType.F32, 6, 3), w = tensor(DType.F32, 3, 5), out = tensor(DType.F32, 6, 5);
        Tensor bias = tensor(DType.F32, 5);
        engine().kernels().linear(out, x, w, WeightLayout.IN_OUT, bias, null);
        Launch launch = device.launches.get(device.launches.size() - 1);
        assertThat(launch.kernel()).isEqualTo("matmul_f32_f32");
        assertThat(launch.grid()).isEqualTo(new Device.Grid(1, 1, 1, 16, 16));
    }

    @Test
    void shouldGiveTheLibraryAMultipleOfEightOutputsOfPaddedRowsAndComputeTheOthersItself() {
        Tensor x = tensor(DType.BF16, 6, 32), w = tensor(DType.BF16, 19, 32), logits = tensor(DType.BF16, 6, 64);
        Tensor dW = tensor(DType.F32, 19, 32), dX = tensor(DType.BF16, 6, 32);
        DType in = DType.BF16;
        assertThat(kernelsOf(k -> k.linear(logits, x, w, WeightLayout.OUT_IN, null, null)))
                .containsExactly("row_dots_bf16");
        assertThat(kernelsOf(k -> k.linearBackwardInput(dX, logits, w, WeightLayout.OUT_IN)))
                .containsExactly("add_products_bf16");
        assertThat(kernelsOf(k -> k.linearBackwardWeight(dW, null, x, logits, WeightLayout.OUT_IN, true)))
                .containsExactly(
                        "scaled_sums_bf16",
                        "column_totals",
                        "scaled_sums_bf16",
                        "column_totals",
                        "scaled_sums_bf16",
                        "column_totals");
        assertThat(products.shapes)
                .containsExactly(
                        new Shape(16, 6, 32, true, false, 32, 32, 64, in, in, false, Epilogue.NONE, 16),
                        new Shape(32, 6, 16, false, false, 32, 64, 32, in, DType.F32, false, Epilogue.NONE, 16),
                        new Shape(32, 16, 6, false, true, 32, 64, 32, in, DType.F32, true, Epilogue.NONE, 16));
    }

    @Test
    void shouldSumBiasGradientsInAPassOfTheirOwn() {
        Tensor x = tensor(DType.BF16, 6, 32), dOut = tensor(DType.BF16, 6, 8);
        Tensor dW = tensor(DType.F32, 32, 8), dBias = tensor(DType.F32, 8);
        assertThat(kernelsOf(k -> k.linearBackwardWeight(dW, dBias, x, dOut, WeightLayout.IN_OUT, true)))
                .containsExactly("column_sums_bf16", "column_totals");
        assertThat(products.shapes)
                .containsExactly(
                        new Shape(8, 32, 6, false, true, 8, 32, 8, DType.BF16, DType.F32, true, Epilogue.NONE, 16));
    }

    /** The names of the kernels that are launched, without the library's. */
    private List<String> kernelsOf(Consumer<Kernels> calls) {
        int before = device.launches.size();
        calls.accept(engine().kernels());
        return device.launches.subList(before, device.launches.size()).stream()
                .map(Launch::kernel)
                .toList();
    }

    @Test
    void shouldLoadTheKernelsOfAttentionWithTheirFirstUse() {
        assertThat(units()).containsExactly("general");
        attention(DType.BF16, 64);
        assertThat(units()).containsExactly("general", "flash-64");
        attention(DType.F32, 64);
        attention(DType.BF16, 32);
        assertThat(units()).containsExactly("general", "flash-64", "attention");
    }

    @ParameterizedTest
    @CsvSource({"80, flash-64", "90, wgmma-64", "100, flash-64"})
    void shouldTakeTheAttentionOfWarpgroupsOnHopperAlone(int architecture, String unit) {
        device.architecture = architecture;
        attention(DType.BF16, 64);
        assertThat(units()).containsExactly("general", unit);
    }

    private List<String> units() {
        return device.loaded.stream()
                .map(image -> new String(image, StandardCharsets.UTF_8))
                .toList();
    }

    /** Of three rows and one head. */
    private void attention(DType dtype, int headDim) {
        Tensor qkv = tensor(dtype, 3, 3L * headDim), out = tensor(dtype, 3, headDim);
        AttentionShape shape = new AttentionShape(1, 3, 1, 1, headDim);
        engine().kernels().attention(out, tensor(DType.F32, 1, 1, 3), qkv, null, shape);
    }

    @Test
    void shouldRecordTheSecondRunOfARepeatAndReplayTheOthers() {
        Tensor x = tensor(DType.F32, 13), y = tensor(DType.F32, 13);
        int[] runs = {0};
        Runnable calls = () -> {
            runs[0]++;
            engine().kernels().fill(x, 0);
            engine().kernels().add(y, x);
        };
        int before = device.launches.size();
        for (int i = 0; i < 5; i++) {
            engine().repeat("calls", calls);
        }
        assertThat(runs[0]).isEqualTo(2);
        assertThat(device.recorder.queued).isEqualTo(4);
        List<Launch> launches = device.launches.subList(before, device.launches.size());
        assertThat(launches).hasSize(5).containsOnly(launches.get(0));

        engine().repeat("other calls", calls);
        assertThat(runs[0]).isEqualTo(3);
        engine().allocate("test", 1).close();
        for (int i = 0; i < 3; i++) {
            engine().repeat("calls", calls);
        }
        assertThat(runs[0]).as("memory was freed").isEqualTo(5);
    }

    @Test
    void shouldMakeEveryCallWhereTheDriverRecordsNothing() {
        device.records = false;
        Tensor x = tensor(DType.F32, 13), y = tensor(DType.F32, 13);
        int before = device.launches.size();
        for (int i = 0; i < 4; i++) {
            engine().repeat("calls", () -> engine().kernels().add(y, x));
        }
        assertThat(device.launches).hasSize(before + 4);
    }

    @Test
    void shouldFillWithZerosWithoutAKernel() {
        int before = device.launches.size();
        engine().kernels().fill(tensor(DType.F32, 1021), 0);
        assertThat(device.launches).hasSize(before);
        engine().kernels().fill(tensor(DType.F32, 1021), 1);
        assertThat(device.launches.get(before).kernel()).isEqualTo("fill_f32");
    }

    @Test
    void shouldRefuseForeignAndFreedTensorsAndDtypesWithoutKernels() {
        Tensor wide = tensor(DType.F64, 3);
        assertThatThrownBy(() -> engine().kernels().copy(wide, wide)).hasMessageContaining("F32 and BF16");
        Arena arena = engine().allocate("test", 12);
        Tensor freed = new Tensor(arena, 0, DType.F32, 3);
        arena.close();
        arena.close();
        assertThatThrownBy(() -> engine().kernels().fill(freed, 0)).hasMessageContaining("already freed");
    }

    @Test
    void shouldSayWhyItCannotRunWhereThereIsNoGpu() {
        new CudaEngineProvider().unavailable().ifPresent(reason -> assertThat(reason)
                .matches("(?s).*(libcuda|nvidia-smi|sm_\\d+).*"));
    }
}
