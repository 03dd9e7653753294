package io.polyglow.engine.cuda;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.MachineShare;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;

/** The process of {@link FakeNvidiaTest}: opens the engine on the GPUs with these addresses as a rank would, and prints what it sees. */
final class FakeGpuMain {
    private FakeGpuMain() {}

    public static void main(String[] gpus) {
        CudaEngineProvider provider = new CudaEngineProvider();
        Optional<String> reason = provider.unavailable();
        if (reason.isPresent()) {
            System.out.println("unavailable: " + reason.get());
            return;
        }
        MachineShare share = new MachineShare(1, 1, List.of(gpus));
        try (Engine reference = Engines.named("reference").open(1)) {
            try (Engine engine = provider.open(share)) {
                compare(engine, reference);
            }
            try (Engine again = provider.open(share)) {
                byte[][] expected = results(reference, DType.BF16, WeightLayout.OUT_IN);
                System.out.println("opened again, differs by "
                        + difference(results(again, DType.BF16, WeightLayout.OUT_IN), expected));
            }
        } catch (PolyglowException e) {
            System.out.println(e.kind() + ": " + e.getMessage());
        }
    }

    private static void compare(Engine engine, Engine reference) {
        System.out.println(engine.describe() + " on " + engine.place());
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            for (WeightLayout layout : WeightLayout.values()) {
                System.out.println(dtype + " " + layout + " differs by "
                        + difference(results(engine, dtype, layout), results(reference, dtype, layout)));
            }
        }
        try {
            engine.allocate("too much", 1L << 40);
        } catch (PolyglowException e) {
            System.out.println(e.kind() + ": " + e.getMessage());
        }
    }

    /** Bytes of out, out with residual, dX and dW of a linear layer after three runs of the same calls, of which the third is replayed. */
    private static byte[][] results(Engine engine, DType dtype, WeightLayout layout) {
        int N = 12, I = 32, O = 24;
        long[] weight = layout == WeightLayout.OUT_IN ? new long[] {O, I} : new long[] {I, O};
        Kernels k = engine.kernels();
        Tensor x = random(engine, dtype, 1, N, I), w = random(engine, dtype, 2, weight);
        Tensor dOut = random(engine, dtype, 3, N, O), stream = random(engine, DType.F32, 4, N, O);
        Tensor out = random(engine, dtype, 5, N, O), dX = random(engine, dtype, 6, N, I);
        Tensor dW = random(engine, DType.F32, 7, weight), dBias = random(engine, DType.F32, 8, O);
        for (int i = 0; i < 3; i++) {
            engine.repeat(out, () -> {
                k.linear(out, x, w, layout, null, null);
                k.linear(stream, x, w, layout, null, stream);
                k.linearBackwardInput(dX, dOut, w, layout);
                k.linearBackwardWeight(dW, dBias, x, dOut, layout, true);
            });
        }
        return new byte[][] {bytes(engine, out), bytes(engine, stream), bytes(engine, dX), bytes(engine, dW)};
    }

    /** Multiples of 1/8 up to 2, so that sums are exact and their order does not show. */
    private static Tensor random(Engine engine, DType dtype, int seed, long... dims) {
        Random random = new Random(seed);
        long size = Arrays.stream(dims).reduce(1, Math::multiplyExact);
        Tensor tensor = new Tensor(engine.allocate("test", size * dtype.bytes()), 0, dtype, dims);
        byte[] bytes = new byte[(int) tensor.bytes()];
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        for (int i = 0; i < tensor.size(); i++) {
            int bits = Float.floatToIntBits((random.nextInt(33) - 16) / 8f);
            if (dtype == DType.BF16) {
                buffer.putShort(i * 2, (short) (bits >>> 16));
            } else {
                buffer.putInt(i * 4, bits);
            }
        }
        engine.write(tensor, buffer, 0);
        return tensor;
    }

    private static byte[] bytes(Engine engine, Tensor tensor) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        engine.read(tensor, new UnsafeBuffer(bytes), 0);
        return bytes;
    }

    private static int difference(byte[][] some, byte[][] others) {
        int bytes = 0;
        for (int i = 0; i < some.length; i++) {
            for (int j = 0; j < some[i].length; j++) {
                bytes += some[i][j] == others[i][j] ? 0 : 1;
            }
        }
        return bytes;
    }
}
