package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Values;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention by the products of warps (Ampere and everything since) and by those of warpgroups (Hopper), written apart, give the same numbers up to rounding. */
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class EmulatedAttentionTest {
    /** Where both round to bf16 in the same places; sums in another order let a few results fall on the other side. */
    private static final double RELATIVE_L2 = 2e-3;

    private static final Map<Integer, EmulatedDevice> DEVICES = new HashMap<>();

    static Stream<AttentionShape> shapes() {
        return Stream.of(
                new AttentionShape(2, 64, 1, 1, 64),
                new AttentionShape(1, 257, 4, 2, 64),
                new AttentionShape(2, 1, 2, 2, 128),
                new AttentionShape(1, 203, 3, 1, 128));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void shouldBeTheSameByWarpsAndByWarpgroups(AttentionShape shape) {
        compare(shape, null);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void shouldHideTheSameKeys(AttentionShape shape) {
        RandomStream random = RandomStream.of(17, "documents", 0);
        double[] firstKeys = new double[shape.batch() * shape.time()];
        for (int n = 1; n < firstKeys.length; n++) {
            int t = n % shape.time();
            firstKeys[n] = t == 0 ? 0 : random.nextInt(40) == 0 ? t : firstKeys[n - 1];
        }
        compare(shape, firstKeys);
    }

    private static void compare(AttentionShape shape, double @Nullable [] firstKeys) {
        List<double[]> byWarps = results(Emulators.AMPERE, shape, firstKeys);
        List<double[]> byWarpgroups = results(Emulators.HOPPER, shape, firstKeys);
        List<String> names = List.of("out", "logSumExp", "dQkv");
        for (int i = 0; i < names.size(); i++) {
            assertThat(relativeL2(byWarpgroups.get(i), byWarps.get(i)))
                    .as("%s of %s", names.get(i), shape)
                    .isLessThan(RELATIVE_L2);
        }
    }

    private static List<double[]> results(int architecture, AttentionShape shape, double @Nullable [] firstKeys) {
        int rows = shape.batch() * shape.time();
        EmulatedDevice device = DEVICES.computeIfAbsent(architecture, Emulators::another);
        try (Engine engine = Emulators.engine(device, new FakeNccl(device));
                Arena arena = engine.allocate("test", 1 << 22)) {
            List<Tensor> tensors = new ArrayList<>();
            long at = 0;
            for (int channels :
                    new int[] {shape.qkvChannels(), shape.channels(), shape.channels(), shape.qkvChannels()}) {
                Tensor tensor = new Tensor(arena, at, DType.BF16, rows, channels);
                tensors.add(tensor);
                at += (tensor.bytes() + 255) & -256;
            }
            Tensor logSumExp = new Tensor(arena, at, DType.F32, shape.batch(), shape.heads(), shape.time());
            at += (logSumExp.bytes() + 255) & -256;
            Tensor seen = null;
            if (firstKeys != null) {
                seen = new Tensor(arena, at, DType.I32, rows);
                Values.write(engine, seen, firstKeys);
            }
            Tensor qkv = tensors.get(0), dOut = tensors.get(1), out = tensors.get(2), dQkv = tensors.get(3);
            Values.write(engine, qkv, normal("qkv", qkv));
            Values.write(engine, dOut, normal("dOut", dOut));
            engine.kernels().attention(out, logSumExp, qkv, seen, shape);
            engine.kernels().attentionBackward(dQkv, dOut, out, logSumExp, qkv, seen, shape);
            return List.of(Values.read(engine, out), Values.read(engine, logSumExp), Values.read(engine, dQkv));
        }
    }

    private static double[] normal(String name, Tensor tensor) {
        RandomStream random = RandomStream.of(5, name, 0);
        double[] values = new double[(int) tensor.size()];
        Arrays.setAll(values, i -> 2 * random.nextGaussian());
        return values;
    }

    private static double relativeL2(double[] actual, double[] expected) {
        double difference = 0, size = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        return Math.sqrt(difference / size);
    }
}
