package io.polyglow.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.store.LocalStore;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole road on text that people wrote, in the commands that a user types. */
@Timeout(300)
@Tag("nightly")
class RealTextTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Path ROOT = Path.of(System.getProperty("polyglow.root"));

    /** Arabic, Chinese, German, English, Hindi, Japanese and Russian, some in several versions. */
    private static final String LANGUAGES = "{arb,cmn,deu,eng,hin,jpn,rus}*.html";

    private static final int STEPS = 6;

    private Path work;
    private Commands polyglow;

    @BeforeEach
    void makeSparkHome() throws IOException {
        Path folder = Files.createDirectories(Path.of(System.getProperty("polyglow.work"), "RealTextTest"));
        work = Files.createTempDirectory(folder, "run");
        polyglow = new Commands(work, ClassPaths.makeSparkHome(work.resolve("spark-home")));
    }

    @AfterEach
    void stop() {
        polyglow.close();
    }

    @Test
    void shouldPrepareTrainResumeOnTwoStagesAndGenerate() throws Exception {
        Path pages = Path.of(System.getProperty("polyglow.corpora"), "udhr");
        assumeTrue(Files.exists(pages), "no corpus " + pages);
        String table = polyglow.run(
                "prepare",
                LONG,
                "prepare",
                ROOT.resolve("configs/prepare/udhr.yaml").toString(),
                "--set",
                "input=" + pages.resolve(LANGUAGES),
                "--set",
                "output=corpus",
                "--set",
                "tokenizer.vocab-size=1000");
        assertThat(table).contains("bytes/token").contains("cmn_Hani").contains("hin_Deva");

        polyglow.run("whole", LONG, train("whole"));
        polyglow.run("begin", LONG, train("run", "stop-after=3"));
        String resumed = polyglow.run("resume", LONG, "resume", "run", "--set", "layout.pipeline=2");
        assertThat(resumed).contains("Done at step " + STEPS);
        assertThat(losses("run")).hasSize(STEPS).isEqualTo(losses("whole"));
        assertThat(weights("run")).isEqualTo(weights("whole"));

        String prompt = "Alle Menschen";
        String text = polyglow.run("generate", LONG, "generate", "run", "--prompt", prompt, "--max-tokens", "20");
        assertThat(text).contains(prompt);
        assertThat(text.strip()).hasSizeGreaterThan(prompt.length());
    }

    private static String[] train(String run, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "data=corpus",
                "run=" + run,
                "steps=" + STEPS,
                "batch.global=8",
                "batch.micro=2",
                "model.layers=2",
                "model.channels=64",
                "model.context=64",
                "evaluate.every=0",
                "optimizer.warmup-steps=2"));
        settings.addAll(List.of(more));
        List<String> arguments = new ArrayList<>(
                List.of("train", ROOT.resolve("configs/train/nano.yaml").toString()));
        settings.forEach(setting -> arguments.addAll(List.of("--set", setting)));
        return arguments.toArray(String[]::new);
    }

    private List<String> losses(String run) throws IOException {
        return LossCurve.of(Files.readString(work.resolve(run).resolve("metrics.jsonl")));
    }

    private String weights(String run) {
        return new CheckpointDirectory(new LocalStore(work.resolve(run)))
                .open(STEPS)
                .weightsSha256();
    }
}
