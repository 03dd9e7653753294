package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.model.Recompute;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BenchOptionsTest {
    private static BenchOptions parse(String line) {
        return BenchOptions.parse(line.isEmpty() ? List.of() : List.of(line.split(" ")), 20, 5);
    }

    @Test
    void shouldHaveDefaultsWhenNothingIsSaid() {
        assertThat(parse(""))
                .isEqualTo(new BenchOptions(
                        new TrainPlan(
                                Engines.named("auto").name(),
                                "small",
                                256,
                                4,
                                4,
                                "f32",
                                Runtime.getRuntime().availableProcessors(),
                                5,
                                20,
                                1234,
                                Recompute.NONE),
                        List.of(),
                        1,
                        "python3",
                        null,
                        600,
                        true,
                        false));
    }

    @Test
    void shouldReadEveryOption() {
        BenchOptions options =
                parse("--engine cuda --model gpt2-124m --context=1024 --batch 32 --micro 8 --dtype bf16 --threads 3"
                        + " --steps 7 --warmup 2 --seed 9 --recompute selective --peers torch,torch-compile --rounds 4 --python py --out folder --timeout 10"
                        + " --no-check --json");

        assertThat(options)
                .isEqualTo(new BenchOptions(
                        new TrainPlan("cuda", "gpt2-124m", 1024, 32, 8, "bf16", 3, 2, 7, 9, Recompute.SELECTIVE),
                        List.of("torch", "torch-compile"),
                        4,
                        "py",
                        Path.of("folder"),
                        10,
                        false,
                        true));
    }

    /** The plan is all that contenders read: with 0 in it each would choose for itself. */
    @Test
    void shouldTellAllContendersTheSameThreadsWhenAllCoresAreAsked() {
        int cores = Runtime.getRuntime().availableProcessors();

        assertThat(parse("--threads 0").plan().json().getInt("threads")).isEqualTo(cores);
        assertThat(parse("").plan().json().getInt("threads")).isEqualTo(cores);
    }

    @Test
    void shouldComputeTheWholeBatchAtOnceWhenNoMicroBatchIsGiven() {
        assertThat(parse("--batch 12").plan().micro()).isEqualTo(12);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--bacth 3",
                "--batch three",
                "--batch",
                "stray",
                "--batch 4 --micro 3",
                "--dtype f16",
                "--rounds 0",
                "--recompute some",
                "--steps 0",
                "--threads -1",
                "--json=yes"
            })
    void shouldRefuseWhenAnOptionMakesNoSense(String line) {
        assertThatThrownBy(() -> parse(line))
                .asInstanceOf(InstanceOfAssertFactories.type(PolyglowException.class))
                .extracting(PolyglowException::kind)
                .isEqualTo(ErrorKind.USAGE);
    }

    @Test
    void shouldNameTheModelsWhenOneIsUnknown() {
        assertThatThrownBy(() -> NamedModels.of("gpt5", 8)).hasMessageContaining("gpt2-124m");
    }

    @Test
    void shouldDescribeEveryOptionInTheHelp() {
        String help = String.join("\n", Benchmarks.HELP);

        assertThat(BenchOptions.names()).allSatisfy(name -> assertThat(help).contains(name));
    }
}
