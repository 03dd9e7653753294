package io.polyglow.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.kernels.AdamWTensors;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ranks that compute wrongly are found by all ranks at once, and named. */
class FaultsTest {
    private final TokenDataset corpus = TestCorpus.of(1000);

    @Test
    void shouldStopAllRanksBeforeUpdateWhenLossIsNotFinite() throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.Run result = TrainLab.attempt(
                TrainLab.config(
                        "layout.data=2",
                        "layout.pipeline=2",
                        "optimizer.learning-rate=1e30",
                        "optimizer.warmup-steps=0",
                        "optimizer.weight-decay=0",
                        "checkpoint.every=1",
                        "evaluate.every=0"),
                run,
                corpus,
                Start.NEW);
        assertThat(result.steps()).hasSize(1);
        assertStopped(result.errors(), 4, "step 2");
        assertThat(new CheckpointDirectory(run).steps()).isSubsetOf(1L);
    }

    @Test
    void shouldNameRankAndTensorWhenGradientIsNotFinite() throws Exception {
        FaultyEngines faults = new FaultyEngines(2, 9, "linearBackwardWeight", FaultsTest::poison);
        TrainLab.Run result = TrainLab.attempt(
                TrainLab.config("layout.data=4", "evaluate.every=0"), new MemoryStore(), corpus, Start.NEW, faults);
        assertStopped(result.errors(), 4, "ranks [2]");
        assertThat(result.errors().get(0)).hasMessageContaining("gradient of transformer.");
    }

    private static void poison(Kernels kernels, Object[] arguments) {
        kernels.fill(((Tensor) arguments[0]).slice(0, 1), Double.NaN);
    }

    @Test
    void shouldNameRankWhenReplicaDrifts() throws Exception {
        FaultyEngines faults = new FaultyEngines(3, 3, "adamW", FaultsTest::nudge);
        MemoryStore run = new MemoryStore();
        TrainLab.Run result = TrainLab.attempt(
                TrainLab.config("layout.data=4", "layout.zero=0", "evaluate.every=0"), run, corpus, Start.NEW, faults);
        assertThat(result.errors()).hasSize(4).allSatisfy(error -> assertThat(error)
                .hasMessageContaining("rank 3 differ")
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT)));
        assertThat(new CheckpointDirectory(run).steps()).isEmpty();
    }

    /** In bf16 with ZeRO-1 replicas send each other copies; master weights follow before a checkpoint. */
    @Test
    void shouldNameRankWhenItComputesWithOtherWeightsThanItsReplicas() throws Exception {
        // of the 8 casts in the backward passes of a step and the one before all steps, none writes the token table
        FaultyEngines faults = new FaultyEngines(1, 10, "copy", (kernels, arguments) -> {
            Tensor table = (Tensor) arguments[0];
            kernels.fill(table.slice(0, 1), 0.123);
        });
        assertDrift(faults, "the weights that stage 0 computes with on rank 1 differ");
    }

    @Test
    void shouldStopWhenMasterWeightsChangeAfterTheirCopiesWereSent() throws Exception {
        // not of the first two calls, which are of the token table: its copy is made of the master weights after these
        // were sent
        FaultyEngines faults = new FaultyEngines(1, 3, "adamW", FaultsTest::nudge);
        assertDrift(faults, "the master weights on ranks [0, 1, 2, 3] differ from the copies that they compute with");
    }

    private void assertDrift(FaultyEngines faults, String message) throws Exception {
        MemoryStore run = new MemoryStore();
        TrainLab.Run result = TrainLab.attempt(
                TrainLab.config("layout.data=4", "dtype=bf16", "stop-after=1", "evaluate.every=0"),
                run,
                corpus,
                Start.NEW,
                faults);
        assertThat(result.errors()).hasSize(4).allSatisfy(error -> assertThat(error)
                .hasMessageContaining(message));
        assertThat(new CheckpointDirectory(run).steps()).isEmpty();
    }

    private static void nudge(Kernels kernels, Object[] arguments) {
        AdamWTensors first = (AdamWTensors) ((List<?>) arguments[1]).get(0);
        kernels.fill(first.w().slice(0, 1), 0.123);
    }

    private static void assertStopped(List<Throwable> errors, int ranks, String message) {
        assertThat(errors).hasSize(ranks).allSatisfy(error -> assertThat(error)
                .hasMessageContaining(message)
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NUMERIC)));
    }
}
