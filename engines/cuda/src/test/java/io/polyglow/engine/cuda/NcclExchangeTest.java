package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.engine.cuda.NcclExchange.Limits;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.TensorExchangeContractTest;
import io.polyglow.trainer.parallel.Ranks;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract, and what becomes of failures, with fake devices and a fake library. */
class NcclExchangeTest extends TensorExchangeContractTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(200);

    @TempDir
    Path folder;

    private final List<FakeDevice> devices = new ArrayList<>();
    private final List<FakeNccl> libraries = new ArrayList<>();

    @Override
    protected List<Member> open(int size, Duration deadline) {
        List<Engine> engines = new ArrayList<>();
        List<Callable<NcclExchange>> joins = new ArrayList<>();
        byte[] id = new FakeNccl(new FakeDevice()).newId();
        for (int rank = 0; rank < size; rank++) {
            int self = rank;
            FakeDevice device = new FakeDevice(rank);
            FakeNccl nccl = new FakeNccl(device);
            devices.add(device);
            libraries.add(nccl);
            engines.add(new CudaEngine(device, new NoProducts(), new FakeCompiler(), nccl, folder));
            joins.add(() -> join(self, size, id, deadline));
        }
        List<Member> members = new ArrayList<>();
        for (Ranks.Outcome<NcclExchange> joined : joined(joins)) {
            members.add(new Member(engines.get(members.size()), Objects.requireNonNull(joined.value())));
        }
        return members;
    }

    private NcclExchange join(int rank, int size, byte[] id, Duration deadline) {
        Limits limits = new Limits(deadline, SHORT);
        return new NcclExchange(
                devices.get(rank), libraries.get(rank), id, rank, size, limits, SystemNanoClock.INSTANCE);
    }

    private static List<Ranks.Outcome<NcclExchange>> joined(List<Callable<NcclExchange>> joins) {
        try {
            return Ranks.run(joins, PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Two ranks on two GPUs; what is done with them is done by the test's thread. */
    private List<NcclExchange> two(Duration deadline) {
        return open(2, deadline).stream()
                .map(member -> (NcclExchange) member.exchange())
                .toList();
    }

    /** Both directions between rank 0 and rank 1. */
    private void exchange(NcclExchange member, int rank) {
        Tensor tensor = new Tensor(new CudaArena(devices.get(rank), "test", 8), 0, DType.F32, 2);
        Tensor[][] toPeer = {{}, {}};
        toPeer[1 - rank] = new Tensor[] {tensor};
        member.exchange(toPeer, toPeer);
    }

    @Test
    void shouldTellOperationGroupAndReasonWhenTheLibraryFails() {
        NcclExchange member = two(PATIENCE).get(0);
        libraries.get(0).error = "ncclSend failed with 2, unhandled system error";
        assertThatThrownBy(() -> exchange(member, 0))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessage(
                        "NCCL, replica 0 of 2 on this host, in an exchange: ncclSend failed with 2, unhandled system error."
                                + " Resume from the last checkpoint; NCCL_DEBUG=WARN in the environment of the ranks tells more, and"
                                + " -Dpolyglow.cuda.nccl=false passes gradients through the host instead.");
        assertThat(libraries.get(0).aborts.get()).isOne();
        libraries.get(0).error = null;
        assertThatThrownBy(member::await).hasMessageContaining("unhandled system error");
        member.close();
        assertThat(libraries.get(0).aborts.get()).isOne();
        assertThat(devices.get(0).abandoned).isFalse();
    }

    @Test
    void shouldSeeAnErrorThatComesWhileCopiesAreOnTheirWay() throws InterruptedException {
        List<NcclExchange> members = two(PATIENCE);
        List<Callable<Integer>> bodies = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            int self = rank;
            bodies.add(() -> {
                exchange(members.get(self), self);
                return self;
            });
        }
        Ranks.run(bodies, PATIENCE);
        devices.get(0).stuck = true;
        libraries.get(0).error = "the peer's process is gone";
        assertThatThrownBy(members.get(0)::await)
                .hasMessageContaining("in the copies of an exchange: the peer's process is gone");
        members.get(1).await();
    }

    @Test
    void shouldGiveUpTheDeviceWhenItsWorkHasNoEnd() {
        NcclExchange member = two(SHORT).get(0);
        devices.get(0).stuck = true;
        assertThatThrownBy(member::await)
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PEER_LOST))
                .hasMessageContaining("did not end within 200 ms; another replica's process or GPU is lost or stuck");
        assertThat(libraries.get(0).aborts.get()).isOne();
        assertThat(devices.get(0).abandoned).isTrue();
    }

    @Test
    void shouldGiveUpTheDeviceWhenTheAbortHangs() {
        NcclExchange member = two(SHORT).get(0);
        libraries.get(0).abortHangs = true;
        assertThatThrownBy(() -> exchange(member, 0)).hasMessageContaining("an exchange did not end within 200 ms");
        assertThat(devices.get(0).abandoned).isTrue();
    }

    @Test
    void shouldNotWaitForeverForARankThatDoesNotJoin() {
        devices.add(new FakeDevice());
        libraries.add(new FakeNccl(devices.get(0)));
        byte[] id = libraries.get(0).newId();
        assertThatThrownBy(() -> join(0, 2, id, SHORT))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("joining the group did not end within 200 ms");
        assertThat(libraries.get(0).aborts.get()).isOne();
    }

    @Test
    void shouldLeaveInPeaceWhenAllIsDoneAndByAnAbortWhenNot() {
        List<NcclExchange> members = two(PATIENCE);
        members.get(0).close();
        members.get(0).close();
        assertThat(libraries.get(0).freed).isOne();
        assertThat(libraries.get(0).aborts.get()).isZero();
        devices.get(1).stuck = true;
        members.get(1).close();
        assertThat(libraries.get(1).freed).isZero();
        assertThat(libraries.get(1).aborts.get()).isOne();
        assertThat(devices.get(1).abandoned).isTrue();
    }

    @Test
    void shouldNotCallTheLibraryWhenThereIsNothingToMove() {
        NcclExchange member = two(PATIENCE).get(0);
        member.exchange(new Tensor[][] {{}, {}}, new Tensor[][] {{}, {}});
        assertThat(libraries.get(0).moves.get()).isZero();
    }
}
