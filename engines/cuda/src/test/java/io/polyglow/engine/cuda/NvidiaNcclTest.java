package io.polyglow.engine.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.engine.cuda.NcclExchange.Limits;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.TensorExchangeContractTest;
import io.polyglow.trainer.parallel.Ranks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** What NCCL itself keeps of the contract, on the GPUs of this machine. */
@EnabledIf(value = "io.polyglow.engine.cuda.Gpu#canMeet", disabledReason = "needs several GPUs and NCCL")
class NvidiaNcclTest extends TensorExchangeContractTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    @Override
    protected List<Member> open(int size, Duration deadline) {
        assumeTrue(NvidiaDevice.count() >= size, () -> "needs " + size + " GPUs");
        List<Engine> engines = new ArrayList<>();
        List<Callable<NcclExchange>> joins = new ArrayList<>();
        byte[] id = new NvidiaNccl(new NvidiaDevice(0)).newId();
        for (int rank = 0; rank < size; rank++) {
            int self = rank;
            NvidiaDevice device = new NvidiaDevice(rank);
            NvidiaNccl nccl = new NvidiaNccl(device);
            engines.add(new CudaEngine(device, new CublasLt(device), new Nvrtc(), nccl, folder));
            // joining takes longer than the shortest of the tests' deadlines
            Limits limits = new Limits(deadline.plusSeconds(15), Duration.ofSeconds(10));
            joins.add(() -> new NcclExchange(device, nccl, id, self, size, limits, SystemNanoClock.INSTANCE));
        }
        List<Member> members = new ArrayList<>();
        try {
            for (Ranks.Outcome<NcclExchange> joined : Ranks.run(joins, PATIENCE)) {
                members.add(new Member(engines.get(members.size()), Objects.requireNonNull(joined.value())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        return members;
    }
}
