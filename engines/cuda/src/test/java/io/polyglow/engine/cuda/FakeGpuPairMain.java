package io.polyglow.engine.cuda;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.DevicePath;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.MachineShare;
import io.polyglow.trainer.kernels.TensorExchange;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.InMemoryCollectives;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.agrona.concurrent.UnsafeBuffer;

/** A process of {@link FakeNvidiaTest}: two ranks, on the GPUs with these addresses, hand each other tensors; prints what each sees, in rank order. */
final class FakeGpuPairMain {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int SIZE = 100_003;

    private FakeGpuPairMain() {}

    public static void main(String[] gpus) throws InterruptedException {
        new CudaEngineProvider().unavailable(); // loads the libraries
        List<Callable<List<String>>> bodies = new ArrayList<>();
        for (Collectives member : InMemoryCollectives.open("pair", 2, PATIENCE)) {
            bodies.add(() -> meet(member, gpus[member.rank()]));
        }
        for (Ranks.Outcome<List<String>> outcome : Ranks.run(bodies, PATIENCE)) {
            if (outcome.value() == null) {
                throw new AssertionError(outcome.error());
            }
            outcome.value().forEach(System.out::println);
        }
    }

    private static List<String> meet(Collectives group, String gpu) {
        List<String> seen = new ArrayList<>();
        try (Engine engine = new CudaEngineProvider().open(new MachineShare(1, group.rank(), List.of(gpu)))) {
            seen.add(engine.connectivity());
            DevicePath path = engine.connect(group);
            seen.add(path.description());
            if (path.exchange() != null) {
                swap(engine, path.exchange(), group.rank(), seen);
            }
        } catch (PolyglowException e) {
            seen.add(e.kind() + ": " + e.getMessage());
        }
        return seen;
    }

    private static void swap(Engine engine, TensorExchange exchange, int rank, List<String> seen) {
        Tensor mine = new Tensor(engine.allocate("test", SIZE * 4L), 0, DType.F32, SIZE);
        Tensor theirs = new Tensor(engine.allocate("test", SIZE * 4L), 0, DType.F32, SIZE);
        byte[] bytes = new byte[SIZE * 4];
        Arrays.fill(bytes, (byte) (rank + 1));
        engine.write(mine, new UnsafeBuffer(bytes), 0);
        Tensor[][] outgoing = {{}, {}};
        Tensor[][] incoming = {{}, {}};
        outgoing[1 - rank] = new Tensor[] {mine.slice(0, 1), mine.slice(1, SIZE - 1)};
        incoming[1 - rank] = new Tensor[] {theirs.slice(0, 1), theirs.slice(1, SIZE - 1)};
        exchange.exchange(outgoing, incoming);
        exchange.await();
        engine.read(theirs, new UnsafeBuffer(bytes), 0);
        int wrong = 0;
        for (byte each : bytes) {
            wrong += each == 2 - rank ? 0 : 1;
        }
        seen.add(wrong + " bytes differ");
    }
}
