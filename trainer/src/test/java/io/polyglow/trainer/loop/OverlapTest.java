package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.WatchedEngine;
import io.polyglow.trainer.parallel.RankLinks;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replicas sum the gradients of last layers while they compute those of first ones. */
@Timeout(120)
class OverlapTest {
    private static final String FIRST_LAYER = "embeddingBackward";
    /** Of the table's use by the head, of the layers, of the table's use by the embedding. */
    private static final int SUMS_OF_STEP = 3;

    private final TokenDataset corpus = TestCorpus.of(1000);
    private final Set<Thread> reducers = ConcurrentHashMap.newKeySet();

    @Test
    void shouldSumGradientsOfHeadBeforeThoseOfFirstLayerAreComputed() throws Exception {
        List<Semaphore> sums = List.of(new Semaphore(0), new Semaphore(0));
        List<Boolean> inTime = new CopyOnWriteArrayList<>();
        Set<Integer> began = ConcurrentHashMap.newKeySet();
        // the first sum of a step, and before it the others of the step before
        TrainLab.Run run = train(
                config("batch.global=2", "batch.canonical-width=2"),
                atFirstLayer(rank -> inTime.add(
                        sums.get(rank).tryAcquire(began.add(rank) ? 1 : SUMS_OF_STEP, 30, TimeUnit.SECONDS))),
                rank -> sums.get(rank).release());
        assertThat(run.errors()).isEmpty();
        assertThat(run.steps()).hasSize(4);
        assertThat(inTime).hasSize(8).containsOnly(true);
        assertThat(sums).allMatch(rest -> rest.availablePermits() == SUMS_OF_STEP - 1);
        assertThat(reducers).hasSize(2);
        assertEnded();
    }

    private void assertEnded() throws InterruptedException {
        for (Thread reducer : reducers) {
            reducer.join(TimeUnit.SECONDS.toMillis(10));
            assertThat(reducer.isAlive()).isFalse();
        }
    }

    @Test
    void shouldEndSumThatIsUnderWayWhenRankFails() throws Exception {
        TrainConfig config = config("batch.global=2", "batch.canonical-width=2");
        IntFunction<Engine> engines = atFirstLayer(rank -> {
            if (rank == 1) {
                throw new IllegalStateException("rank 1 cannot go on");
            }
        });
        TrainLab.Run run = train(config, engines, rank -> {});
        assertThat(run.errors()).hasSize(2).anyMatch(e -> "rank 1 cannot go on".equals(e.getMessage()));
        assertEnded();
    }

    @Test
    void shouldTellErrorOfSumInStepThatNeedsIt() throws Exception {
        TrainConfig config = config("batch.global=2", "batch.canonical-width=2");
        TrainLab.Run run = train(config, TrainLab.Machinery.engines(config), rank -> {
            throw new IllegalStateException("no link today");
        });
        assertThat(run.steps()).isEmpty();
        assertThat(run.errors()).hasSize(2).allMatch(e -> "no link today".equals(e.getMessage()));
    }

    @Test
    void shouldGiveSameBitsWhenEngineHasNoCopiesBesideItsKernels() throws Exception {
        TrainConfig config = config("batch.global=8", "batch.canonical-width=4");
        TrainLab.Run beside = train(config, TrainLab.Machinery.engines(config), rank -> {});
        assertThat(reducers).hasSize(2).allMatch(thread -> thread.getName().startsWith("reducer-"));
        reducers.clear();
        TrainLab.Run after = train(
                config, rank -> withoutCopyStream(Engines.named("reference").open(1)), rank -> {});
        assertThat(reducers).hasSize(2).noneMatch(thread -> thread.getName().startsWith("reducer-"));
        assertThat(after.losses()).isEqualTo(beside.losses());
        assertThat(after.norms()).isEqualTo(beside.norms());
    }

    private static TrainConfig config(String... shape) {
        return TrainLab.config(Stream.concat(Stream.of("layout.data=2", "evaluate.every=0"), Stream.of(shape))
                .toArray(String[]::new));
    }

    /** Trains with links whose sums remember their threads and then run {@code afterSum}. */
    private TrainLab.Run train(TrainConfig config, IntFunction<Engine> engines, IntConsumer afterSum) throws Exception {
        TrainLab.Machinery inMemory = TrainLab.Machinery.inMemory(config, engines);
        List<RankLinks> links = inMemory.links().stream()
                .map(each -> WatchedLinks.of(each, (operation, arguments) -> {
                    if (operation.equals("reduceScatter")) {
                        reducers.add(Thread.currentThread());
                        afterSum.accept(each.rank());
                    }
                }))
                .toList();
        return TrainLab.attempt(
                config,
                new MemoryStore(),
                corpus,
                Start.NEW,
                new TrainLab.Machinery(links, inMemory.schedule(), engines));
    }

    /** What the engine of a rank does before the gradients of the first layer are computed. */
    private interface AtFirstLayer {
        void run(int rank) throws InterruptedException;
    }

    private static IntFunction<Engine> atFirstLayer(AtFirstLayer action) {
        return rank ->
                WatchedEngine.of(Engines.named("reference").open(1), (method, arguments) -> {}, (kernel, arguments) -> {
                    try {
                        if (kernel.equals(FIRST_LAYER)) {
                            action.run(rank);
                        }
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    private static Engine withoutCopyStream(Engine engine) {
        return (Engine) Proxy.newProxyInstance(
                Engine.class.getClassLoader(),
                new Class<?>[] {Engine.class},
                (proxy, method, arguments) ->
                        method.getName().equals("copyStream") ? null : method.invoke(engine, arguments));
    }
}
