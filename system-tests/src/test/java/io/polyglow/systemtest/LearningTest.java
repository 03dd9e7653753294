package io.polyglow.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/** That models learn what they should, on the configs that users start from. */
@Timeout(600)
class LearningTest {
    private static final Duration LONG = Duration.ofMinutes(9);

    private Path work;
    private Commands polyglow;

    @BeforeEach
    void makeSparkHome(TestInfo test) throws IOException {
        String name = test.getTestMethod().orElseThrow().getName();
        Path folder = Path.of(System.getProperty("polyglow.work"), "LearningTest");
        work = Files.createTempDirectory(Files.createDirectories(folder), name);
        polyglow = new Commands(work, ClassPaths.makeSparkHome(work.resolve("spark-home")));
    }

    @AfterEach
    void stop() {
        polyglow.close();
    }

    @Test
    @Tag("nightly")
    void shouldSpellMostUnseenNumbersExactlyAfterTheQuickstart() throws InterruptedException {
        String log = polyglow.run("quickstart", LONG, "quickstart");

        assertThat(log).contains("Stopped on purpose at step 350").contains("Done at step 700");
        assertThat(number(log, "Exact match, mean over languages: ([0-9.]+) %")).isGreaterThanOrEqualTo(60);
    }

    @Test
    void shouldReachThePublishedLossOnTinyShakespeare() throws InterruptedException {
        Path text = Path.of(System.getProperty("polyglow.corpora"), "tiny-shakespeare.txt");
        assumeTrue(Files.exists(text), "no corpus " + text);
        polyglow.run("prepare", LONG, "prepare", config("prepare"), "--set", "input=" + text, "--set", "output=corpus");
        polyglow.run("train", LONG, "train", config("train"), "--set", "data=corpus", "--set", "run=run");

        String log = polyglow.run("evaluate", LONG, "evaluate", "run", "--json");

        assertThat(number(log, "\"validation_loss\": ([0-9.]+)")).isLessThanOrEqualTo(1.88);
    }

    private static double number(String log, String regex) {
        Matcher matcher = Pattern.compile(regex).matcher(log);
        assertThat(matcher.find()).as(log).isTrue();
        return Double.parseDouble(matcher.group(1));
    }

    private static String config(String kind) {
        String name = kind.equals("train") ? "shakespeare-char-cpu" : "shakespeare-char";
        return root().resolve("configs/" + kind + "/" + name + ".yaml").toString();
    }

    private static Path root() {
        return Path.of(System.getProperty("polyglow.root"));
    }
}
