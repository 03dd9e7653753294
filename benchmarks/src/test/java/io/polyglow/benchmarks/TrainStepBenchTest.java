package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With contenders that are shell scripts: they write what a contender writes, and compute nothing. */
@Timeout(120)
class TrainStepBenchTest {
    @TempDir
    Path root;

    private final List<String> news = new ArrayList<>();

    private Contender contender(String name, double loss) throws IOException {
        return contender(
                name,
                """
                case $1 in
                  loss) echo '{"loss": LOSS}' >"$3" ;;
                  ideal) echo '{"seconds": 0.5, "products": {}}' >"$3" ;;
                  *) echo '{"description": "d", "dtype": "f32", "warmup": 0, "start_seconds": 0, "step_seconds": [1.0, 1.0],
                       "losses": [LOSS, 5.0], "peak_rss_bytes": 1, "peak_device_bytes": 0}' >"$3" ;;
                esac
                """
                        .replace("LOSS", Double.toString(loss)));
    }

    private Contender contender(String name, String script) throws IOException {
        Path file = root.resolve(name + ".sh");
        Files.writeString(file, script);
        return new Contender(name, List.of("sh", file.toString()), Map.of());
    }

    private TrainStepReport run(String dtype, Contender ours, Contender... peers) throws IOException {
        BenchOptions options = BenchOptions.parse(
                List.of(
                        "--engine",
                        "reference",
                        "--model",
                        "nano",
                        "--context",
                        "8",
                        "--dtype",
                        dtype,
                        "--timeout",
                        "30"),
                2,
                0);
        return new TrainStepBench(options, new WorkFolder(root.resolve("work")), news::add).run(ours, List.of(peers));
    }

    private static List<String> names(TrainStepReport report) {
        return report.rows().stream().map(Row::name).toList();
    }

    @Test
    void shouldLeaveOutEveryPeerWhoseLossIsAnotherAndTimeTheRest() throws IOException {
        TrainStepReport report = run(
                "f32",
                contender(Contenders.OURS, 6.2400),
                contender("close", 6.2401),
                contender("far", 6.2403),
                contender("broken", "echo no such device; exit 3"),
                contender("last", 6.2399));

        assertThat(names(report)).containsExactly(Contenders.OURS, "close", "last");
        assertThat(report.failed()).containsOnlyKeys("far", "broken");
        assertThat(report.failed().get("far")).contains("6.2403", "6.24", "2.0E-4");
        assertThat(report.failed().get("broken")).contains("exit code 3", "no such device");
        assertThat(report.lossCheck()).containsOnlyKeys(Contenders.OURS, "close", "far", "last");
    }

    @Test
    void shouldAllowMoreWhereOursComputesInBf16() throws IOException {
        TrainStepReport report =
                run("bf16", contender(Contenders.OURS, 6.240), contender("near", 6.2415), contender("far", 6.2425));

        assertThat(names(report)).containsExactly(Contenders.OURS, "near");
        assertThat(report.failed()).containsOnlyKeys("far");
    }

    @Test
    void shouldCheckEveryPeerBeforeAnythingIsTimed() throws IOException {
        run("f32", contender(Contenders.OURS, 6.24), contender("a", 6.24), contender("b", 6.24));

        int lastCheck = news.indexOf("the same of b: 6.24000");
        assertThat(news.subList(0, lastCheck)).noneMatch(line -> line.startsWith("round"));
        assertThat(news.subList(lastCheck + 1, news.size())).hasSize(3).allMatch(line -> line.startsWith("round 1"));
    }

    @Test
    void shouldSayHowMuchAPeerHeldWhenItDidNotGetItsMemory() throws IOException {
        TrainStepReport report = run(
                "f32",
                contender(Contenders.OURS, 6.24),
                contender("greedy", "echo java.lang.OutOfMemoryError; exit 1"));

        assertThat(report.failed().get("greedy"))
                .contains(
                        "greedy did not get the memory that it needs: it ended with exit code 1, having held",
                        "MiB of this machine's");
    }

    @Test
    void shouldFailWhenOursDoes() throws IOException {
        Contender ours = contender(Contenders.OURS, "exit 1");

        assertThatThrownBy(() -> run("f32", ours)).isInstanceOf(PolyglowException.class);
    }
}
