package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanCommandTest {
    private static final String NANO = Path.of(System.getProperty("polyglow.root"), "configs/train/nano.yaml")
            .toString();

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int execute(String... args) {
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                () -> 0);
        return Main.commandLine(console, false).execute(args);
    }

    private int plan(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "plan",
                NANO,
                "--set",
                "data=" + folder.resolve("none"),
                "--set",
                "run=" + folder.resolve("run"),
                "--no-timing"));
        args.addAll(List.of(more));
        return execute(args.toArray(new String[0]));
    }

    @Test
    void shouldTellMemoryByKindAndStage() {
        int code = plan("--vocab-size", "300", "--set", "layout.data=2", "--set", "layout.pipeline=2");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("848,128 parameters")
                .contains("2 replicas x 2 stages = 4 ranks")
                .contains("stage 0", "stage 1")
                .contains("weights", "gradients", "activations", "optimizer", "heap", "java", "aeron", "sent per step");
    }

    @Test
    void shouldPlanBeforeThereIsACorpusOrAPlaceForARun() {
        assertThat(execute("plan", NANO, "--no-timing", "--vocab-size", "300")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("848,128 parameters");

        assertThat(execute("plan", NANO, "--no-timing")).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains(
                        "no corpus is named and model.vocab-size is not set; add --vocab-size N, or --set data=CORPUS");
    }

    @Test
    void shouldPlanARunOnGpusWithoutOne() {
        String[] run = {"--vocab-size", "300", "--set", "engine=cuda", "--set", "dtype=bf16", "--memory"};
        assertThat(plan(Stream.concat(Stream.of(run), Stream.of("100m")).toArray(String[]::new)))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("engine      cuda", "dtype BF16")
                .contains("may use             100.0 MiB");

        assertThat(plan(Stream.concat(Stream.of(run), Stream.of("1m")).toArray(String[]::new)))
                .isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("may use 1.0 MiB");
    }

    @Test
    void shouldPrintOneJsonObject() {
        assertThat(plan("--vocab-size", "300", "--json")).isZero();
        JsonObject plan = Json.parseObject("plan", out.toByteArray(), out.size());
        assertThat(plan.getLong("parameters")).isEqualTo(848_128);
        assertThat(plan.names()).contains("flops_per_step", "bubble_share", "stages", "limit_bytes");
    }

    @Test
    void shouldCountTheWorkingMemoryOfEachThread() {
        long mebibyte = 1 << 20;
        long two = threadBytes(2);
        assertThat(threadBytes(4) - two).as("two more threads").isBetween(24 * mebibyte, 32 * mebibyte);
        assertThat(two).isGreaterThan(24 * mebibyte);
    }

    private long threadBytes(int threads) {
        out.reset();
        assertThat(plan(
                        "--vocab-size",
                        "300",
                        "--json",
                        "--memory",
                        "900g",
                        "--set",
                        "engine=cpu",
                        "--set",
                        "model.context=8192",
                        "--set",
                        "model.heads=2",
                        "--set",
                        "threads-per-rank=" + threads))
                .isZero();
        JsonObject stage = Json.parseObject("plan", out.toByteArray(), out.size())
                .getArray("stages")
                .getObject(0);
        return stage.getObject("memory").getLong("threads");
    }

    @Test
    void shouldRefuseWhatCannotFitWithTheSmallestLayoutThatDoes() {
        assertThat(plan(
                        "--vocab-size",
                        "300",
                        "--set",
                        "dtype=f32",
                        "--set",
                        "threads-per-rank=2",
                        "--memory",
                        "1300m"))
                .isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("needs 1,364.8 MiB (weights 3.2 MiB, ", "threads 8.3 MiB", "heap 1,024.0 MiB")
                .contains("may use 1,300.0 MiB")
                .containsAnyOf("the smallest layout whose ranks fit is --set layout.data=", "no layout of this model");
        err.reset();
        assertThat(plan("--vocab-size", "300", "--memory", "1m")).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("no layout of this model and batch fits");
    }

    @Test
    void shouldAdviseToComputeActivationsAgainWhenThatMakesTheLayoutFit() {
        String[] needed = {"--vocab-size", "300", "--set", "dtype=f32", "--set", "threads-per-rank=2", "--memory"};
        assertThat(plan(Stream.concat(Stream.of(needed), Stream.of("1358m")).toArray(String[]::new)))
                .isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("this layout fits with --set recompute=selective, with 1,355.8 MiB a rank, or ");
        err.reset();
        assertThat(plan(Stream.concat(Stream.of(needed), Stream.of("1358m", "--set", "recompute=selective"))
                        .toArray(String[]::new)))
                .isZero();
    }

    @Test
    void shouldAdviseNoLayoutWhoseStagesCannotSendEachOtherAMicroBatch() {
        int code =
                plan("--vocab-size", "300", "--set", "dtype=f32", "--set", "model.context=1048576", "--memory", "1g");
        assertThat(code).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("a rank of layout data 1 x pipeline 1 needs", "no layout of this model and batch fits");
    }

    @Test
    void shouldAskForTheVocabularyWhileThereIsNoCorpus() {
        assertThat(plan()).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("add --vocab-size N");
        err.reset();
        assertThat(plan("--vocab-size", "-32000")).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("--vocab-size is -32000");
        err.reset();
        assertThat(plan("--vocab-size", "300", "--memory", "lots")).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("\"lots\" is no size");
    }
}
