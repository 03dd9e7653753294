package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be said of the Python peers without PyTorch and without a GPU. */
@Timeout(60)
class PeerScriptsTest {
    private static final Path PEERS = Path.of("peers");
    private static final Path KERNELS = Path.of("../engines/cuda/src/main/resources/io/polyglow/engine/cuda");

    /** A line {@code "kernel": ("out", "lse", ...),} of the script's PARAMETERS. */
    private static final Pattern LAUNCH =
            Pattern.compile("^    \"(flash_\\w+)\": \\((\"[^()]*)\\),$", Pattern.MULTILINE);

    private static final Pattern KERNEL =
            Pattern.compile("__global__ void __launch_bounds__\\([^)]*\\)\\s+(\\w+)\\(([^)]*)\\)");

    /** The names of parameters by kernel: each is the last word between two commas. */
    private static Map<String, List<String>> signatures(Path file, Pattern pattern) throws IOException {
        Map<String, List<String>> signatures = new LinkedHashMap<>();
        Matcher matcher = pattern.matcher(Files.readString(file));
        while (matcher.find()) {
            signatures.put(
                    matcher.group(1),
                    Pattern.compile(",")
                            .splitAsStream(matcher.group(2))
                            .map(parameter ->
                                    parameter.replaceAll(".*[\\s*]", "").replace("\"", ""))
                            .toList());
        }
        return signatures;
    }

    @ParameterizedTest
    @ValueSource(strings = {"attention_flash.cu", "attention_wgmma.cu"})
    void shouldLaunchEveryAttentionKernelWithTheParametersThatItHas(String source) throws IOException {
        Map<String, List<String>> kernels = signatures(KERNELS.resolve("attention_tiles.cuh"), KERNEL);
        kernels.putAll(signatures(KERNELS.resolve(source), KERNEL));

        assertThat(kernels).hasSizeGreaterThanOrEqualTo(4);
        assertThat(signatures(PEERS.resolve("attention.py"), LAUNCH)).isEqualTo(kernels);
    }

    @ParameterizedTest
    @ValueSource(strings = {"attention.py", "train_step.py"})
    void shouldBeValidPython(String script) throws IOException, InterruptedException {
        String parse = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read(), sys.argv[1])";
        Process python;
        try {
            python = new ProcessBuilder(
                            "python3", "-c", parse, PEERS.resolve(script).toString())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            assumeTrue(false, "no python3 here: " + e.getMessage());
            return;
        }
        String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(python.waitFor()).as(output).isZero();
    }
}
