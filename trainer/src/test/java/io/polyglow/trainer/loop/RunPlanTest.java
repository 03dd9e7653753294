package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.kernels.ReferenceEngine;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.plan.RunPlan;
import io.polyglow.trainer.plan.StageNeeds;
import io.polyglow.trainer.plan.StepTimes;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunPlanTest {
    /** The reference engine, which writes down what is allocated. */
    private static final class CountingEngine implements Engine {
        final MemoryPlan allocated = new MemoryPlan();
        private final Engine engine = new ReferenceEngine();

        @Override
        public String name() {
            return engine.name();
        }

        @Override
        public String describe() {
            return engine.describe();
        }

        @Override
        public Set<DType> computeTypes() {
            return engine.computeTypes();
        }

        @Override
        public DType preferredComputeType() {
            return engine.preferredComputeType();
        }

        @Override
        public Kernels kernels() {
            return engine.kernels();
        }

        @Override
        public Arena allocate(String purpose, long bytes) {
            allocated.add(purpose, bytes);
            return engine.allocate(purpose, bytes);
        }

        @Override
        public void read(Tensor source, MutableDirectBuffer destination, int offset) {
            engine.read(source, destination, offset);
        }

        @Override
        public void write(Tensor destination, DirectBuffer source, int offset) {
            engine.write(destination, source, offset);
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    private static TrainConfig config(int data, int pipeline, int zero, boolean tied, String dtype) {
        return TrainLab.config(
                "layout.data=" + data,
                "layout.pipeline=" + pipeline,
                "layout.zero=" + zero,
                "model.tied=" + tied,
                "dtype=" + dtype,
                "model.layers=3",
                "steps=2",
                "evaluate.every=0");
    }

    private static TrainConfig vast() {
        return TrainLab.config(
                        "batch.global=512",
                        "batch.canonical-width=8",
                        "model.norm=rmsnorm",
                        "model.positions=rope",
                        "model.activation=swiglu",
                        "model.bias=false",
                        "model.tied=false",
                        "model.layers=80",
                        "model.channels=8192",
                        "model.heads=64",
                        "model.kv-heads=8",
                        "model.hidden=28672",
                        "model.context=4096")
                .forVocabulary(128_256);
    }

    @ParameterizedTest(name = "data={0} pipeline={1} zero={2} tied={3} {4}")
    @CsvSource({
        "1,1,1,true,f32",
        "1,1,0,false,bf16",
        "2,1,1,true,f32",
        "4,1,0,true,f32",
        "1,2,1,true,bf16",
        "2,2,1,true,f32",
        "2,2,0,false,f32",
        "1,3,1,true,f32",
        "2,2,1,true,bf16 recompute=selective",
        "1,2,1,false,f32 recompute=full"
    })
    void shouldPredictEveryByteThatTheEngineAllocates(int data, int pipeline, int zero, boolean tied, String more)
            throws Exception {
        String dtype = more.split(" ")[0];
        TrainConfig config = config(data, pipeline, zero, tied, dtype);
        if (more.contains("=")) {
            Recompute level = Recompute.valueOf(more.split("=")[1].toUpperCase(Locale.ROOT));
            config = config.withRecompute(level);
        }
        Map<Integer, CountingEngine> engines = new ConcurrentHashMap<>();
        TrainLab.train(
                config,
                new MemoryStore(),
                TestCorpus.of(40),
                Start.NEW,
                rank -> engines.computeIfAbsent(rank, each -> new CountingEngine()));
        RunPlan plan = RunPlan.of(
                config.forVocabulary(TestCorpus.of(40).tokenizer().vocabSize()),
                DType.valueOf(dtype.toUpperCase(Locale.ROOT)),
                TestSchedule.ONE_F_ONE_B);
        for (StageNeeds needs : plan.stages()) {
            assertThat(engines.values())
                    .as("a rank of stage %d with %s", needs.stage().stage(), needs.engine())
                    .anySatisfy(engine -> assertThat(engine.allocated.byPurpose())
                            .containsAllEntriesOf(needs.engine().byPurpose()));
        }
    }

    @Test
    void shouldKnowWhatAStepDoes() {
        RunPlan plan = RunPlan.of(config(2, 2, 1, true, "f32").forVocabulary(300), DType.F32, TestSchedule.ONE_F_ONE_B);
        assertThat(plan.tokensPerStep()).isEqualTo(8 * 8);
        assertThat(plan.bubbleShare()).as("(P-1)/(M+P-1), 4 micro-batches").isEqualTo(1.0 / 5);
        assertThat(plan.checkpoints()).isEqualTo(1);
        assertThat(plan.flopsPerStep()).isPositive();
        long message = 8 * 16 * Float.BYTES;
        assertThat(plan.stages().get(1).sentBytes())
                .as("gradients of the stage, of the table, and of the activations")
                .isGreaterThan(4 * message);
    }

    @ParameterizedTest(name = "data={0} zero={1} tied={2} {3}")
    @CsvSource({"2,1,true,f32", "2,1,true,bf16", "4,1,false,bf16", "2,0,true,bf16"})
    void shouldPredictEveryByteThatReplicasSend(int data, int zero, boolean tied, String dtype) throws Exception {
        int vocabulary = TestCorpus.of(40).tokenizer().vocabSize();
        TrainConfig config = config(data, 1, zero, tied, dtype).forVocabulary(vocabulary);
        long planned = StageNeeds.of(
                        config,
                        DType.valueOf(dtype.toUpperCase(Locale.ROOT)),
                        TestSchedule.ONE_F_ONE_B,
                        config.layout().grid(),
                        0)
                .sentBytes();
        // both end with a checkpoint, which wants more than a step does
        long step = sentByReplicaZero(config, 3) - sentByReplicaZero(config, 2);
        assertThat(step).isEqualTo(planned);
    }

    private static long sentByReplicaZero(TrainConfig whole, int steps) throws Exception {
        TrainConfig config = ConfigFile.load(
                        TrainConfig.class, "test.yaml", ConfigFile.of(whole).yaml(), List.of("steps=" + steps))
                .value();
        AtomicLong sent = new AtomicLong();
        TrainLab.Machinery inMemory = TrainLab.Machinery.inMemory(config);
        List<RankLinks> links = new ArrayList<>(inMemory.links());
        links.set(0, WatchedLinks.of(links.get(0), (operation, arguments) -> {
            int others = config.layout().data() - 1;
            if (operation.equals("reduceScatter")) {
                int[] offsets = (int[]) arguments[2];
                sent.addAndGet(
                        (long) ((Object[]) arguments[0]).length * (offsets[others + 1] - offsets[1]) * Float.BYTES);
            } else if (operation.equals("allGather")) {
                sent.addAndGet((long) others * ((int[]) arguments[1])[1]);
            }
        }));
        TrainLab.train(
                config,
                new MemoryStore(),
                TestCorpus.of(40),
                Start.NEW,
                new TrainLab.Machinery(links, inMemory.schedule(), inMemory.engines()));
        return sent.get();
    }

    @Test
    void shouldFindTheSmallestLayoutThatFits() {
        TrainConfig config = config(1, 1, 1, true, "f32").forVocabulary(300);
        RunPlan whole = RunPlan.of(config, DType.F32, TestSchedule.ONE_F_ONE_B);
        Optional<RunPlan> fits =
                whole.smallestLayout(TestSchedule.ONE_F_ONE_B, each -> each.mostBytes() < whole.mostBytes());
        assertThat(fits).hasValueSatisfying(plan -> {
            assertThat(plan.mostBytes()).isLessThan(whole.mostBytes());
            assertThat(plan.config().layout().grid().worldSize()).isGreaterThan(1);
        });
        assertThat(whole.smallestLayout(TestSchedule.ONE_F_ONE_B, each -> each.mostBytes() < 1000))
                .isEmpty();
    }

    /** 70 billion parameters; a layout that nowhere fits must not take longer the more layouts there are. */
    @ParameterizedTest(name = "{0} GiB a rank")
    @ValueSource(longs = {1, 16, 64})
    @Timeout(20)
    void shouldSeeWithinSecondsThatAVastModelFitsNowhere(long gibibytes) {
        TrainConfig config = vast();
        RunPlan whole = RunPlan.of(config, DType.BF16, TestSchedule.ONE_F_ONE_B);
        assertThat(whole.parameters()).isBetween(70_000_000_000L, 71_000_000_000L);
        assertThat(whole.smallestLayout(TestSchedule.ONE_F_ONE_B, each -> each.mostBytes() < gibibytes << 30))
                .isEmpty();
    }

    @Test
    void shouldTimeTheParts() {
        RunPlan plan = RunPlan.of(config(1, 2, 1, true, "f32").forVocabulary(300), DType.F32, TestSchedule.ONE_F_ONE_B);
        try (Engine engine = new ReferenceEngine()) {
            StepTimes times = StepTimes.measure(engine, SystemNanoClock.INSTANCE, plan, 500_000_000L);
            assertThat(times.stepSeconds(plan)).isPositive();
            assertThat(times.layerSeconds()).isPositive();
        }
        StepTimes given = new StepTimes(1, 0.5, 0);
        assertThat(given.stepSeconds(plan))
                .as("(8 micro-batches + 1) x the slower stage")
                .isIn(9 * 2.0, 9 * 1.5, 9 * 2.5);
    }
}
