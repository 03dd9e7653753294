package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a user asks of {@code bench encode}.
 *
 * @param inputs files, directories of files, or generated texts, see {@link #isGenerated}
 * @param peers {@code hf}, {@code jtokkit}
 * @param encodings vocabularies with their patterns
 */
record EncodeOptions(
        List<String> inputs,
        List<String> peers,
        List<String> encodings,
        int rounds,
        int timeoutSeconds,
        @Nullable Path folder,
        boolean json) {
    private static final String INPUT = "--input";
    private static final Set<String> NAMED =
            new LinkedHashSet<>(List.of(INPUT, "--peers", "--encodings", "--rounds", "--timeout", "--out"));

    EncodeOptions {
        inputs = List.copyOf(inputs);
        peers = List.copyOf(peers);
        encodings = List.copyOf(encodings);
        if (inputs.isEmpty() || rounds < 1 || timeoutSeconds < 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "bench encode needs --input FILE..., and --rounds and --timeout of at least 1");
        }
    }

    /** {@code --input} takes all words up to the next option. */
    static EncodeOptions parse(List<String> line) {
        List<String> inputs = new ArrayList<>();
        List<String> others = new ArrayList<>();
        boolean input = false;
        for (String word : line) {
            boolean first = word.startsWith(INPUT + "=");
            input = word.startsWith("--") ? first || word.equals(INPUT) : input;
            if (!input) {
                others.add(word);
            } else if (!word.equals(INPUT)) {
                inputs.add(first ? word.substring(INPUT.length() + 1) : word);
            }
        }
        Arguments arguments = new Arguments(others, NAMED, Set.of("--json"));
        String peers = arguments.text("--peers", "");
        String out = arguments.text("--out");
        return new EncodeOptions(
                inputs,
                peers.isEmpty() ? List.of() : List.of(peers.split(",", -1)),
                List.of(arguments
                        .text("--encodings", "r50k_base,cl100k_base,o200k_base")
                        .split(",", -1)),
                arguments.number("--rounds", 5),
                arguments.number("--timeout", 600),
                out == null ? null : Path.of(out),
                arguments.has("--json"));
    }

    /** Whether an input is no file but {@code worst:a}, {@code worst:^}, {@code worst:words} or {@code worst:letters}: one text without spaces, of 10 MB or of {@code :MB}. */
    static boolean isGenerated(String input) {
        return input.startsWith("worst:");
    }

    /** What is measured, for the process that measures it. */
    JsonObject plan() {
        return new JsonObject()
                .put(
                        "inputs",
                        inputs.stream()
                                .map(each -> isGenerated(each)
                                        ? each
                                        : Path.of(each).toAbsolutePath().toString())
                                .toList())
                .put("peers", peers)
                .put("encodings", encodings)
                .put("rounds", rounds);
    }
}
