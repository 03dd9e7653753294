package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernels compile for every generation of GPUs that the engine is for, also where there is no GPU: nvcc has NVRTC's front end. */
class KernelSourceTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {80, 90, 100})
    void shouldCompileEveryUnit(int architecture) throws Exception {
        Optional<Path> found = nvcc();
        assumeTrue(found.isPresent(), "no nvcc on the PATH or in /usr/local/cuda/bin");
        Path nvcc = found.orElseThrow();
        compile(nvcc, architecture, "general", KernelSource.general(), KernelSource.OPTIONS);
        compile(nvcc, architecture, "attention", KernelSource.attention(), KernelSource.OPTIONS);
        for (int headDim : FlashAttention.HEAD_DIMS) {
            compile(nvcc, architecture, "flash-" + headDim, KernelSource.flash(), FlashAttention.options(headDim));
        }
    }

    @Test
    void shouldNeedNoHeaders() {
        assertThat(KernelSource.general() + KernelSource.attention() + KernelSource.flash())
                .doesNotContain("#include");
    }

    private void compile(Path nvcc, int architecture, String unit, String source, List<String> options)
            throws IOException, InterruptedException {
        Path file = Files.writeString(folder.resolve(unit + ".cu"), source);
        List<String> command = new ArrayList<>(List.of(nvcc.toString(), "-cubin", "-arch=sm_" + architecture));
        command.addAll(options);
        command.addAll(List.of(
                "-Werror", "all-warnings", "-o", folder.resolve(unit + ".cubin").toString(), file.toString()));
        Path log = folder.resolve(unit + ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).as("nvcc ends").isTrue();
        assertThat(process.exitValue())
                .as("%s:%n%s", command, Files.readString(log))
                .isZero();
    }

    private static Optional<Path> nvcc() {
        String path = System.getenv("PATH") + File.pathSeparator + "/usr/local/cuda/bin";
        return Stream.of(path.split(File.pathSeparator))
                .map(folder -> Path.of(folder, "nvcc"))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
