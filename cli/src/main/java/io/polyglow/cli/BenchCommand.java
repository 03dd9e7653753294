package io.polyglow.cli;

import io.polyglow.benchmarks.Benchmarks;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** {@code polyglow bench}: how fast this machine trains, beside other programs. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        subcommands = {
            BenchDedupCommand.class,
            BenchExtractCommand.class,
            BenchPrepareCommand.class,
            LanguageBenchCommand.class
        },
        customSynopsis =
                "polyglow bench train-step|loss-curve|gradients|kernels|logits|encode|prepare|dedup|extract|language [OPTION ...]",
        description = {
            "Times whole training steps on one rank, beside those of other libraries on the same weights and tokens, each contender in a process of its own.",
            "",
            "prepare, dedup, extract and language measure parts of prepare and have options of their own: polyglow bench prepare --help."
        })
final class BenchCommand implements Callable<Integer> {
    private final Console console;

    @Unmatched
    private List<String> words = new ArrayList<>();

    BenchCommand(Console console) {
        this.console = console;
    }

    /** What help says after the options that every command has: the benchmarks module knows its own. */
    static String[] footer() {
        List<String> lines = new ArrayList<>(List.of(""));
        lines.addAll(Benchmarks.HELP);
        lines.addAll(List.of(
                "",
                "Examples:",
                "  polyglow bench train-step --model small --dtype bf16",
                "  polyglow bench train-step --model gpt2-124m --peers libtorch,nd4j --rounds 3",
                "  polyglow bench kernels --model gpt2-124m",
                "  POLYGLOW_HEAP=2g polyglow bench prepare --megabytes 1000,2000,4000 --work /var/tmp",
                "  polyglow bench encode --peers hf,jtokkit --input corpus.txt --json",
                "  polyglow bench train-step --engine cuda --model gpt2-124m --batch 32 --context 1024 --dtype bf16"
                        + " --peers torch,torch-compile --rounds 3",
                "  polyglow bench language --input udhr --json"));
        return lines.toArray(new String[0]);
    }

    @Override
    public Integer call() throws IOException {
        Benchmarks.run(words, console::line, console::note);
        return 0;
    }
}
