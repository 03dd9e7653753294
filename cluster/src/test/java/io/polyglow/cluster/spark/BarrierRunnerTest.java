package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.member.FailureLog;
import io.polyglow.cluster.rank.LinkPlan;
import io.polyglow.cluster.rank.RankTransport;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.cluster.worker.RankHost;
import io.polyglow.cluster.worker.RankMain;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real executor processes on this machine, which a script says has two GPUs; the ranks do nothing but meet, wait, fail and die. */
@Timeout(180)
class BarrierRunnerTest {
    private static final CountDownLatch SET_OFF = new CountDownLatch(1);
    private static final CountDownLatch DEAF = new CountDownLatch(1);

    @TempDir
    Path folder;

    @Test
    void shouldMeetLearnTheReasonOfFailuresAndSurviveAKilledExecutor() throws IOException {
        FailureLog failures = new FailureLog(new LocalStore(folder));
        SparkSettings settings = new SparkSettings("barrier-test", hostWithTwoGpus(), 2);
        try (BarrierRunner runner =
                new BarrierRunner(settings, failures, JobListener.SILENT, SystemNanoClock.INSTANCE)) {
            meet(runner);
            keepTheFinalReason(failures, runner);
            stopWhoeverWaitsForALink(runner);
            restartAfterAKill(runner);
        }
    }

    /** One worker with two executors, to each of which Spark gives one GPU. */
    private SparkTarget hostWithTwoGpus() throws IOException {
        Path script = Files.writeString(
                folder.resolve("gpus.sh"), "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"2\", \"5\"]}'\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return new SparkTarget(
                "local-cluster[1,2,1024]",
                Map.of(
                        "spark.executor.memory", "512m",
                        "spark.worker.resource.gpu.amount", "2",
                        "spark.worker.resource.gpu.discoveryScript", script.toString(),
                        "spark.executor.resource.gpu.amount", "1",
                        "spark.task.resource.gpu.amount", "1"));
    }

    private static void meet(BarrierRunner runner) throws IOException {
        RankMain meeting = host -> host.allGather("rank " + host.rank()) + " of " + host.worldSize() + ", "
                + host.indexOnHost() + " of " + host.ranksOnHost() + " here, GPUs " + host.gpus();
        List<String> met = runner.run(1, 2, meeting);
        assertThat(met.get(0)).startsWith("[rank 0, rank 1] of 2, 0 of 2 here, GPUs ");
        assertThat(met.get(1)).startsWith("[rank 0, rank 1] of 2, 1 of 2 here, GPUs ");
        assertThat(met.stream().map(each -> each.replaceFirst(".*GPUs ", "")))
                .as("one GPU each, of those that the script names")
                .containsExactlyInAnyOrder("[2]", "[5]");
    }

    /** Rank 0 sees the loss of rank 1 and fails first; the cause is what rank 1 has reported. */
    private static void keepTheFinalReason(FailureLog failures, BarrierRunner runner) throws IOException {
        int epoch = 2;
        failures.report(epoch, new FailureLog.Failure(1, ErrorKind.NUMERIC, "rank 1: loss is NaN"));
        RankMain failing = host -> {
            if (host.rank() == 0) {
                throw new PolyglowException(ErrorKind.PEER_LOST, "rank 0: rank 1 fell silent");
            }
            return waitUntilCancelled(host);
        };
        assertThatThrownBy(() -> runner.run(epoch, 2, failing))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NUMERIC))
                .hasMessage("rank 1: loss is NaN");
    }

    /** A rank without links cannot tell the others that it fails, so Spark must, long before they give up by themselves. */
    private static void stopWhoeverWaitsForALink(BarrierRunner runner) {
        RankMain connecting = host -> {
            ParallelLayout layout = new ParallelLayout(2, 1);
            AeronOptions options = AeronOptions.defaults().withConnectTimeout(Duration.ofMinutes(10));
            try (RankTransport transport = RankTransport.open(host.host(), host.rank(), 5, layout, options)) {
                List<String> addresses = host.allGather(transport.localAddress());
                if (host.rank() == 1) {
                    throw new PolyglowException(ErrorKind.ENVIRONMENT, "rank 1: /dev/shm is too small");
                }
                LinkPlan plan = new LinkPlan(layout, false, 1, 1, 4, 1);
                transport.connect(addresses, plan, Patience.beyond(Duration.ofMinutes(10), host::cancelled));
                return "connected";
            }
        };
        assertThatThrownBy(() -> runner.run(5, 2, connecting))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessage("rank 1: /dev/shm is too small");
    }

    private static void restartAfterAKill(BarrierRunner runner) throws IOException {
        int[] next = {5};
        StringBuilder reasons = new StringBuilder();
        JobListener listener = new JobListener() {
            @Override
            public void restarting(String reason, int restartsLeft) {
                reasons.append(reason);
            }
        };
        RestartLoop loop = new RestartLoop(() -> 0, 1, listener);
        RestartLoop.Outcome<List<String>> outcome = loop.run(() -> {
            int epoch = ++next[0];
            return runner.run(epoch, 2, host -> dieInTheSixthAttempt(host, epoch));
        });
        assertThat(outcome.value()).containsExactly("7", "7");
        assertThat(outcome.restarts()).isEqualTo(1);
        assertThat(reasons.toString()).contains("rank 1 on").contains("137");
    }

    private static String dieInTheSixthAttempt(RankHost host, int epoch) {
        if (epoch > 6) {
            return String.valueOf(epoch);
        }
        if (host.rank() == 1) {
            Runtime.getRuntime().halt(137);
        }
        return waitUntilCancelled(host);
    }

    private static String waitUntilCancelled(RankHost host) {
        while (!host.cancelled() && !Thread.interrupted()) {
            LockSupport.parkNanos(10_000_000);
        }
        throw new PolyglowException(ErrorKind.PEER_LOST, "rank " + host.rank() + ": stopped");
    }

    @Test
    void shouldNotStopSparkWhileItsSchedulerHandlesAFailure() throws IOException {
        FailureLog failures = new FailureLog(new LocalStore(folder));
        SparkSettings settings = new SparkSettings("barrier-test", SparkTarget.HERE, 1);
        RankMain failing = host -> {
            throw new PolyglowException(ErrorKind.NUMERIC, "rank 0: loss is NaN");
        };
        try (SlowScheduler scheduler = new SlowScheduler()) {
            try (BarrierRunner runner =
                    new BarrierRunner(settings, failures, JobListener.SILENT, SystemNanoClock.INSTANCE)) {
                assertThatThrownBy(() -> runner.run(1, 1, failing)).hasMessage("rank 0: loss is NaN");
            }
            assertThat(scheduler.told).containsExactly("slowed down");
        }
    }

    /** Ranks are threads of this process here, so that one can be deaf until the test is over. */
    @Test
    void shouldKeepTheReasonWhenARankOutlivesTheAttempt() throws IOException {
        FailureLog failures = new FailureLog(new LocalStore(folder));
        SparkSettings settings =
                new SparkSettings("barrier-test", new SparkTarget("local[2]", Map.of("spark.ui.enabled", "false")), 2);
        AtomicLong seconds = new AtomicLong();
        NanoClock hurried = () -> TimeUnit.SECONDS.toNanos(SET_OFF.getCount() > 0 ? 0 : seconds.addAndGet(20));
        RankMain deaf = host -> {
            host.allGather("both are here");
            if (host.rank() == 0) {
                SET_OFF.countDown();
                throw new PolyglowException(ErrorKind.NUMERIC, "rank 0: loss is NaN");
            }
            while (DEAF.getCount() > 0) {
                LockSupport.parkNanos(1_000_000);
            }
            return "at last";
        };
        try (BarrierRunner runner = new BarrierRunner(settings, failures, JobListener.SILENT, hurried)) {
            try {
                assertThatThrownBy(() -> runner.run(1, 2, deaf))
                        .hasMessageContaining("1 ranks of a failed attempt did not end")
                        .satisfies(e -> assertThat(e.getSuppressed())
                                .singleElement()
                                .satisfies(job -> assertThat(job).hasMessageContaining("rank 0: loss is NaN")));
            } finally {
                DEAF.countDown();
            }
        }
    }

    /** Another attempt may meet: the store of one host may have stood still. */
    @Test
    void shouldCountAsALostPeerWhatDoesNotComeToTheRendezvous() throws IOException {
        FailureLog failures = new FailureLog(new LocalStore(folder));
        SparkTarget impatient = new SparkTarget("local[2]", Map.of("spark.barrier.sync.timeout", "1s"));
        RankMain meeting = host -> host.rank() == 1
                ? waitUntilCancelled(host)
                : host.allGather("here").toString();
        try (BarrierRunner runner = new BarrierRunner(
                new SparkSettings("barrier-test", impatient, 2),
                failures,
                JobListener.SILENT,
                SystemNanoClock.INSTANCE)) {
            assertThatThrownBy(() -> runner.run(1, 2, meeting))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PEER_LOST))
                    .hasMessageContaining("did not all come to their rendezvous");
        }
    }

    @Test
    void shouldSayHowManySlotsAreNeededWhenThereAreTooFew() throws IOException {
        SparkTarget small =
                new SparkTarget("local[1]", Map.of("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", "1"));
        FailureLog failures = new FailureLog(new LocalStore(folder));
        SparkSettings settings = new SparkSettings("barrier-test", small, 3);
        try (BarrierRunner runner =
                new BarrierRunner(settings, failures, JobListener.SILENT, SystemNanoClock.INSTANCE)) {
            assertThatThrownBy(() -> runner.run(1, 3, host -> ""))
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                    .hasMessageContaining("needs 3 slots")
                    .hasMessageContaining("local[1] offered 1")
                    .hasMessageContaining("smaller layout");
        }
    }

    /** Whoever cancels has lost the run; ranks that start then would meet those of its new owner. */
    @Test
    void shouldStartNoRanksOnceItIsCancelled() throws IOException {
        FailureLog failures = new FailureLog(new LocalStore(folder));
        SparkSettings settings = new SparkSettings("barrier-test", SparkTarget.HERE, 1);
        try (BarrierRunner runner =
                new BarrierRunner(settings, failures, JobListener.SILENT, SystemNanoClock.INSTANCE)) {
            runner.cancel();
            assertThatThrownBy(() -> runner.run(1, 1, host -> "started"))
                    .hasMessageContaining("cancelled before its ranks started");
        }
    }

    @Test
    void shouldRefuseDynamicAllocation() {
        SparkTarget target = new SparkTarget("local[2]", Map.of("spark.dynamicAllocation.enabled", "true"));
        assertThatThrownBy(() -> new SparkSettings("barrier-test", target, 2))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("spark.dynamicAllocation.enabled=false");
    }

    /** Takes a second for the log line that Spark's scheduler writes when it has failed the job of a barrier stage and has not yet planned a retry of the stage. */
    private static final class SlowScheduler extends AbstractAppender implements AutoCloseable {
        private final List<String> told = new CopyOnWriteArrayList<>();
        private final LoggerContext context = LoggerContext.getContext(false);
        private final LoggerConfig logger = context.getConfiguration().getLoggerConfig("org.apache.spark.scheduler");
        private final Level level = logger.getLevel();

        SlowScheduler() {
            super("slow-scheduler", null, null, true, Property.EMPTY_ARRAY);
            start();
            logger.addAppender(this, Level.INFO, null);
            logger.setAdditive(false);
            logger.setLevel(Level.INFO);
            context.updateLoggers();
        }

        @Override
        public void append(LogEvent event) {
            String message = event.getMessage().getFormattedMessage();
            if (event.getLevel().equals(Level.ERROR)) {
                told.add(message);
            } else if (message.endsWith("due to barrier stage failure.")) {
                told.add("slowed down");
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
                while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                }
            }
        }

        @Override
        public void close() {
            logger.removeAppender(getName());
            logger.setAdditive(true);
            logger.setLevel(level);
            context.updateLoggers();
        }
    }
}
