package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.engine.cuda.GpuGroup.Card;
import io.polyglow.trainer.kernels.DevicePath;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.InMemoryCollectives;
import io.polyglow.trainer.parallel.Ranks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuGroupTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int NEW = 2_29_03;

    @TempDir
    Path folder;

    private static Card card(String host, String gpu, int version, String trouble) {
        return new Card(host, gpu, version, trouble);
    }

    @Test
    void shouldFindNoObstacleBetweenDifferentGpusOfOneHost() {
        assertThat(GpuGroup.obstacle(
                        List.of(card("h", "a", NEW, ""), card("h", "b", NEW, ""), card("h", "c", NEW, ""))))
                .isEmpty();
    }

    @Test
    void shouldNameTheFirstReplicaThatCannot() {
        Card first = card("h", "a", NEW, "");
        assertThat(GpuGroup.obstacle(List.of(first, card("other", "b", NEW, ""))))
                .hasValue("replica 1 is on another host than replica 0");
        assertThat(GpuGroup.obstacle(List.of(first, card("h", "b", NEW, ""), card("h", "a", NEW, ""))))
                .hasValue("replica 2 is on the same GPU as replica 0");
        assertThat(GpuGroup.obstacle(List.of(first, card("h", "b", 0, "there is no NCCL (libnccl.so.2)"))))
                .hasValue("replica 1 says: there is no NCCL (libnccl.so.2)");
        assertThat(GpuGroup.obstacle(List.of(first, card("h", "b", 2_27_05, ""))))
                .hasValue("replica 1 has NCCL 2.27.5, replica 0 NCCL 2.29.3");
        assertThat(GpuGroup.obstacle(List.of(card("", "a", NEW, ""), card("", "b", NEW, ""))))
                .hasValueSatisfying(reason -> assertThat(reason).contains("hosts cannot be told apart"));
    }

    @Test
    void shouldReadBackWhatACardSays() {
        Card card = card("host", "GPU-1", 0, "NCCL cannot be loaded: " + "x".repeat(2000));
        Card read = Card.decode(card.encode());
        assertThat(read.gpu()).isEqualTo("GPU-1");
        assertThat(card.trouble()).startsWith(read.trouble());
        assertThat(Card.decode(card("h", "g", NEW, "").encode())).isEqualTo(card("h", "g", NEW, ""));
    }

    @Test
    void shouldConnectAllOrNobody() throws Exception {
        assertThat(connect(2, 2, List.of())).allSatisfy(path -> {
            assertThat(path.exchange()).isNotNull();
            assertThat(path.description()).isEqualTo("by NCCL 2.29.3 between 2 GPUs of this host");
        });
        assertThat(connect(3, 3, List.of(1))).allSatisfy(path -> {
            assertThat(path.exchange()).isNull();
            assertThat(path.description()).isEqualTo("through the host, as replica 1 says: it is not here");
        });
        assertThat(connect(4, 2, List.of())).allSatisfy(path -> assertThat(path.description())
                .isEqualTo("through the host, as replica 2 is on the same GPU as replica 0"));
        assertThat(connect(1, 1, List.of())).containsExactly(DevicePath.NONE);
    }

    /** What replicas on {@code gpus} GPUs in turn get, of which some have no library. */
    private List<DevicePath> connect(int replicas, int gpus, List<Integer> lacking) throws InterruptedException {
        List<Callable<DevicePath>> bodies = new ArrayList<>();
        for (Collectives member : InMemoryCollectives.open("stage", replicas, PATIENCE)) {
            FakeDevice device = new FakeDevice(member.rank() % gpus);
            FakeNccl nccl = new FakeNccl(device);
            nccl.missing = lacking.contains(member.rank()) ? "it is not here\nand more lines" : null;
            bodies.add(() -> {
                try (CudaEngine engine = new CudaEngine(device, new NoProducts(), new FakeCompiler(), nccl, folder)) {
                    return engine.connect(member);
                }
            });
        }
        List<DevicePath> paths = new ArrayList<>();
        for (Ranks.Outcome<DevicePath> outcome : Ranks.run(bodies, PATIENCE)) {
            assertThat(outcome.error()).isNull();
            paths.add(outcome.value());
        }
        return paths;
    }

    @Test
    void shouldTellDoctorWhatThereIsAndHowToInstallWhatIsNot() {
        FakeDevice device = new FakeDevice();
        FakeNccl nccl = new FakeNccl(device);
        try (CudaEngine engine = new CudaEngine(device, new NoProducts(), new FakeCompiler(), nccl, folder)) {
            assertThat(engine.connectivity()).isEqualTo("NCCL 2.29.3");
            nccl.missing = "there is no NCCL (libnccl.so.2)";
            assertThat(engine.connectivity().lines())
                    .containsExactly(
                            "there is no NCCL (libnccl.so.2), so gradients between the 2 GPUs of this host pass through its memory",
                            "NCCL, with pip: pip install nvidia-nccl-cu13",
                            "  export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$(python3 -c 'import nvidia; print(list(nvidia.__path__)[0] + \"/nccl/lib\")')",
                            "or, from NVIDIA's package repository: apt-get install libnccl2");
            device.gpusOnHost = 1;
            assertThat(engine.connectivity()).isEmpty();
        }
    }
}
