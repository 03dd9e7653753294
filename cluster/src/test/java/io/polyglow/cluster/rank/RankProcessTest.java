package io.polyglow.cluster.rank;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RankProcessTest {
    @ParameterizedTest
    @EnumSource(Medium.class)
    void shouldNameTheRankWhenItIsKilled(Medium medium) throws Exception {
        List<RankProcess> ranks = RankProcess.startAll(medium, 3, 1, "loop");
        try {
            for (RankProcess rank : ranks) {
                rank.await("step 3");
            }
            ranks.get(1).kill();
            long killed = System.nanoTime();
            for (int survivor : new int[] {0, 2}) {
                assertThat(ranks.get(survivor).await("failed "))
                        .startsWith("PEER_LOST")
                        .contains("lost rank 1 at");
            }
            assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(10));
            assertThat(directories(ranks.get(1).pid())).hasSize(1);
            ParallelLayout alone = new ParallelLayout(1, 1);
            RankTransport.open("127.0.0.1", 0, 1, alone, AeronOptions.defaults())
                    .close();
            assertThat(directories(ranks.get(1).pid())).isEmpty();
        } finally {
            ranks.forEach(RankProcess::close);
        }
    }

    @ParameterizedTest
    @EnumSource(Medium.class)
    void shouldGoOnWhenARankStopsForASecond(Medium medium) throws Exception {
        List<RankProcess> ranks = RankProcess.startAll(medium, 2, 1, "loop");
        try {
            ranks.get(0).await("step 2");
            ranks.get(1).pauseFor(Duration.ofSeconds(1));
            for (RankProcess rank : ranks) {
                rank.await("step 100");
            }
        } finally {
            ranks.forEach(RankProcess::close);
        }
    }

    @ParameterizedTest
    @EnumSource(Medium.class)
    void shouldTellTheOthersWhenARankIsTerminated(Medium medium) throws Exception {
        List<RankProcess> ranks = RankProcess.startAll(medium, 2, 1, "loop");
        try {
            ranks.get(0).await("step 2");
            ranks.get(1).terminate();
            assertThat(ranks.get(0).await("failed ")).contains("the JVM of rank 1 is shutting down");
            ranks.get(1).awaitEnd();
            assertThat(directories(ranks.get(1).pid())).isEmpty();
        } finally {
            ranks.forEach(RankProcess::close);
        }
    }

    @Test
    void shouldLeaveNoSharedMemoryWhenItIsTerminatedWhileItsOwnThreadDoesNotListen() throws Exception {
        List<String> jvmOptions =
                List.of(System.getProperty("polyglow.jvm.options").split(" "));
        try (RankProcess rank = RankProcess.start(jvmOptions, 0, 2, 1, "loop")) {
            rank.await("address ");
            assertThat(directories(rank.pid())).hasSize(1);
            rank.terminate();
            rank.awaitEnd();
            assertThat(directories(rank.pid())).isEmpty();
        }
    }

    @Test
    void shouldNameTheMissingJvmFlag() throws Exception {
        try (RankProcess rank = RankProcess.start(List.of(), 0, 2, 1, "loop")) {
            assertThat(rank.await("failed "))
                    .startsWith("ENVIRONMENT")
                    .contains("--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "spark.executor.extraJavaOptions");
        }
    }

    private static List<Path> directories(long pid) throws IOException {
        try (Stream<Path> entries = Files.list(AeronOptions.defaults().directory())) {
            return entries.filter(path -> path.getFileName().toString().matches("polyglow-\\d+-" + pid + "-.*"))
                    .toList();
        }
    }
}
