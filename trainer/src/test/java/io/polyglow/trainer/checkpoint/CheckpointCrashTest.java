package io.polyglow.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.loop.Start;
import io.polyglow.trainer.loop.TestCorpus;
import io.polyglow.trainer.loop.TrainLab;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A run that dies at any operation of its store leaves the old checkpoint or the new one, and goes on to the same end. */
class CheckpointCrashTest {
    private static final int STEPS = 2;

    private final TokenDataset corpus = TestCorpus.of(100);
    private final TrainConfig config = config(0);

    private static TrainConfig config(int retrySeconds) {
        return TrainLab.config(
                "steps=" + STEPS,
                "checkpoint.every=1",
                "checkpoint.keep=1",
                "checkpoint.retry-seconds=" + retrySeconds,
                "evaluate.every=0",
                "model.layers=1",
                "model.channels=4",
                "model.context=4",
                "batch.global=2",
                "batch.canonical-width=2");
    }

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
            long published = newest(run); // not the same for an operation in every run: two threads use the store
            run.crash(operation % 3 / 2.0);
            List<Long> steps = new CheckpointDirectory(run).steps();
            assertThat(steps.size()).as("halted at %d: %s", operation, steps).isLessThanOrEqualTo(2);
            for (long step : steps) {
                new CheckpointDirectory(run).open(step).verify();
            }
            long last = newest(run);
            assertThat(last).as("halted at %d", operation).isEqualTo(published);
            newest = Math.max(newest, last);
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
            run.heal(); // two threads use the store: this run may have had fewer operations than the undisturbed one
            List<Long> steps = new CheckpointDirectory(run).steps();
            for (long step : steps) {
                new CheckpointDirectory(run).open(step).verify();
            }
            TrainLab.train(config, run, corpus, Start.RESTART);
            assertThat(weights(run)).isEqualTo(weights(undisturbed));
        }
        assertThat(failures).isPositive();
    }

    /** A clock by which pauses between tries are over at once. */
    private static NanoClock hasty() {
        AtomicLong now = new AtomicLong();
        return () -> now.addAndGet(TimeUnit.SECONDS.toNanos(30));
    }

    @Test
    void shouldSaveAllTheSameWhenTheStoreFailsForAWhile() throws Exception {
        MemoryStore undisturbed = new MemoryStore();
        TrainLab.train(config, undisturbed, corpus, Start.NEW);
        TrainConfig patient = config(1000);
        int survived = 0;
        for (int operation = 1; operation <= undisturbed.operations(); operation++) {
            MemoryStore run = new MemoryStore();
            run.failBetween(operation, operation + 2);
            List<Throwable> errors = errors(patient, run);
            if (errors.isEmpty()) {
                survived++;
                assertThat(weights(run)).isEqualTo(weights(undisturbed));
                new CheckpointDirectory(run).open(STEPS).verify();
                assertThat(new CheckpointDirectory(run).steps()).containsExactly((long) STEPS);
            } else {
                assertThat(errors).as("failing from %d", operation).allSatisfy(error -> assertThat(error.toString())
                        .containsPattern("injected failure at operation [0-9]+: ")
                        .doesNotContain("checkpoints/"));
            }
        }
        assertThat(survived).isGreaterThan(40);
    }

    @Test
    void shouldSaveAllTheSameWhenTheAnswerToAnyOperationIsLost() throws Exception {
        MemoryStore undisturbed = new MemoryStore();
        TrainLab.train(config, undisturbed, corpus, Start.NEW);
        int lost = 0;
        for (int operation = 1; lost == operation - 1; operation++) {
            MemoryStore run = new MemoryStore();
            AtomicInteger left = new AtomicInteger(operation);
            assertThat(errors(config(1000), forgetful(run, left)))
                    .as("answer %d lost", operation)
                    .isEmpty();
            assertThat(weights(run)).isEqualTo(weights(undisturbed));
            new CheckpointDirectory(run).open(STEPS).verify();
            lost += left.get() <= 0 ? 1 : 0;
        }
        assertThat(lost).isGreaterThan(20);
    }

    /** Does everything, but fails after operation {@code left} on a checkpoint as if it had not. */
    private static Store forgetful(Store store, AtomicInteger left) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            Object answer = call(store, method, arguments);
            boolean counts = arguments != null && String.valueOf(arguments[0]).startsWith("checkpoints/");
            if (counts && left.decrementAndGet() == 0) {
                throw new IOException("the answer to " + method.getName() + " got lost");
            }
            return answer;
        };
        return (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, handler);
    }

    private static @Nullable Object call(Store store, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(store, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** A host is lost, and with it an executor and a DataNode: the next attempt begins while HDFS still looks for its own. */
    @Test
    void shouldClaimTheRunAllTheSameWhenTheStoreFailsForAWhile() throws Exception {
        MemoryStore undisturbed = new MemoryStore();
        Attempt.claim(undisturbed);
        Attempt.claim(undisturbed);
        int failed = 0;
        for (int operation = 1; operation <= undisturbed.operations(); operation++) {
            MemoryStore run = new MemoryStore();
            run.failBetween(operation, operation + 2);
            Retry patient = new Retry(hasty(), TimeUnit.MINUTES.toNanos(10), () -> false);
            Attempt first = Attempt.claim(run, patient);
            Attempt second = Attempt.claim(run, patient);
            assertThat(second.number()).isGreaterThan(first.number());
            assertThat(second.runId()).isEqualTo(first.runId());
            run.heal();
            second.requireNewest(run);
            assertThatThrownBy(() -> first.requireNewest(run)).hasMessageContaining("has started since");
            failed += run.operations() > undisturbed.operations() ? 1 : 0;
        }
        assertThat(failed).isGreaterThan(5);
    }

    @Test
    void shouldGiveUpWhenTheStoreDoesNotRecover() throws Exception {
        MemoryStore undisturbed = new MemoryStore();
        TrainLab.train(config, undisturbed, corpus, Start.NEW);
        int givenUp = 0;
        for (int operation = 1; operation <= undisturbed.operations(); operation += 3) {
            MemoryStore run = new MemoryStore();
            run.failBetween(operation, Integer.MAX_VALUE);
            List<Throwable> errors = errors(config(300), run);
            for (long step : new CheckpointDirectory(run).steps()) {
                new CheckpointDirectory(run).open(step).verify();
            }
            givenUp += errors.toString()
                            .matches(".*a checkpoint could not be saved: .* failed [0-9]+ times in 3[0-9]+ s.*")
                    ? 1
                    : 0;
        }
        assertThat(givenUp).isPositive();
    }

    private List<Throwable> errors(TrainConfig patient, Store run) throws Exception {
        try {
            return TrainLab.attempt(patient, run, corpus, Start.NEW, hasty()).errors();
        } catch (PolyglowException e) {
            return List.of(e); // the claim failed
        }
    }

    private static long newest(MemoryStore run) throws IOException {
        List<Long> steps = new CheckpointDirectory(run).steps();
        return steps.isEmpty() ? 0 : steps.get(steps.size() - 1);
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
