package io.polyglow.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A run that dies at any operation of its store leaves the old checkpoint or the new one, and goes on to the same end. */
class CheckpointCrashTest {
    private static final int STEPS = 2;

    private final TokenDataset corpus = TestCorpus.of(100);
    private final TrainConfig config = TrainLab.config(
            "steps=" + STEPS,
            "checkpoint.every=1",
            "checkpoint.keep=1",
            "evaluate.every=0",
            "model.layers=1",
            "model.channels=4",
            "model.context=4",
            "batch.global=2",
            "batch.canonical-width=2");

    @Test
    void shouldGoOnToSameEndWhenHaltedAtAnyOperation() throws Exception {
        MemoryStore undisturbed = new MemoryStore();
        List<Double> losses =
                TrainLab.train(config, undisturbed, corpus, Start.NEW).losses();
        String weights = weights(undisturbed);
        int operations = undisturbed.operations();
        assertThat(operations).isGreaterThan(80);
        long newest = 0;
        for (int operation = 1; operation <= operations; operation++) {
            MemoryStore run = new MemoryStore();
            run.haltAt(operation);
            tryToTrain(run);
            run.crash(operation % 3 / 2.0);
            List<Long> steps = new CheckpointDirectory(run).steps();
            assertThat(steps.size()).as("halted at %d: %s", operation, steps).isLessThanOrEqualTo(2);
            for (long step : steps) {
                new CheckpointDirectory(run).open(step).verify();
            }
            long last = steps.isEmpty() ? 0 : steps.get(steps.size() - 1);
            assertThat(last).as("halted at %d", operation).isGreaterThanOrEqualTo(newest);
            newest = last;
            assertThat(TrainLab.train(config, run, corpus, Start.RESTART).losses())
                    .as("halted at %d", operation)
                    .isEqualTo(losses.subList((int) last, STEPS));
            assertThat(weights(run)).isEqualTo(weights);
            assertThat(run.list("checkpoints"))
                    .as("halted at %d", operation)
                    .allSatisfy(entry -> assertThat(entry.name()).startsWith("step-"));
        }
        assertThat(newest).isGreaterThanOrEqualTo(STEPS - 1);
    }

    @Test
    void shouldKeepOlderCheckpointsWhenAnOperationFails() throws Exception {
        MemoryStore undisturbed = new MemoryStore();
        TrainLab.train(config, undisturbed, corpus, Start.NEW);
        int failures = 0;
        for (int operation = undisturbed.operations() / 2; operation <= undisturbed.operations(); operation += 3) {
            MemoryStore run = new MemoryStore();
            run.failAt(operation);
            failures += tryToTrain(run);
            List<Long> steps = new CheckpointDirectory(run).steps();
            for (long step : steps) {
                new CheckpointDirectory(run).open(step).verify();
            }
            TrainLab.train(config, run, corpus, Start.RESTART);
            assertThat(weights(run)).isEqualTo(weights(undisturbed));
        }
        assertThat(failures).isPositive();
    }

    /** Returns the number of errors. */
    private int tryToTrain(MemoryStore run) throws Exception {
        try {
            return TrainLab.attempt(config, run, corpus, Start.NEW).errors().size();
        } catch (PolyglowException e) {
            return 1; // the claim failed
        }
    }

    private static String weights(MemoryStore run) {
        return new CheckpointDirectory(run).open(STEPS).weightsSha256();
    }
}
