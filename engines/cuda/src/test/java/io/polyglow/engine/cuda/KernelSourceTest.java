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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernels compile for every generation of GPUs that the engine is for, also where there is no GPU: nvcc has NVRTC's front end. */
class KernelSourceTest {
    /** PTX for the oldest, as the sources are the same for all of them, and machine code for each. */
    private static final String ARCHITECTURES = "arch=compute_80,code=[sm_80,sm_90,sm_100]";

    @TempDir
    Path folder;

    private record Unit(String name, String source, List<String> options) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Unit> units() {
        return Stream.concat(
                Stream.of(
                        new Unit("general", KernelSource.general(), KernelSource.OPTIONS),
                        new Unit("attention", KernelSource.attention(), KernelSource.OPTIONS)),
                FlashAttention.HEAD_DIMS.stream()
                        .map(headDim ->
                                new Unit("flash-" + headDim, KernelSource.flash(), FlashAttention.options(headDim))));
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldCompileForEveryArchitecture(Unit unit) throws IOException, InterruptedException {
        Optional<Path> nvcc = nvcc();
        assumeTrue(nvcc.isPresent(), "no nvcc on the PATH or in /usr/local/cuda/bin");
        Path file = Files.writeString(folder.resolve(unit + ".cu"), unit.source());
        List<String> command =
                new ArrayList<>(List.of(nvcc.orElseThrow().toString(), "-fatbin", "-gencode", ARCHITECTURES));
        command.addAll(unit.options());
        command.addAll(List.of(
                "-Werror",
                "all-warnings",
                "-o",
                folder.resolve(unit + ".fatbin").toString(),
                file.toString()));
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

    @ParameterizedTest
    @MethodSource("units")
    void shouldBeTheSameForEveryArchitecture(Unit unit) {
        assertThat(unit.source()).doesNotContain("__CUDA_ARCH").doesNotContain("__CUDA_MINIMUM_ARCH");
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldNeedNoHeaders(Unit unit) {
        assertThat(unit.source()).doesNotContain("#include");
    }

    private static Optional<Path> nvcc() {
        String path = System.getenv("PATH") + File.pathSeparator + "/usr/local/cuda/bin";
        return Stream.of(path.split(File.pathSeparator))
                .map(folder -> Path.of(folder, "nvcc"))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
