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
    private static final String ALL = "arch=compute_80,code=[sm_80,sm_90,sm_100]";

    private static final String HOPPER = "arch=compute_90a,code=sm_90a";

    @TempDir
    Path folder;

    private record Unit(String name, String source, List<String> options, String architectures) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Unit> units() {
        return Stream.concat(
                Stream.of(
                        new Unit("general", KernelSource.general(), KernelSource.OPTIONS, ALL),
                        new Unit("attention", KernelSource.attention(), KernelSource.OPTIONS, ALL)),
                FlashAttention.HEAD_DIMS.stream().flatMap(KernelSourceTest::ofHeads));
    }

    private static Stream<Unit> ofHeads(int headDim) {
        List<String> options = FlashAttention.options(headDim);
        return Stream.of(
                new Unit("flash-" + headDim, KernelSource.flash(), options, ALL),
                new Unit("wgmma-" + headDim, KernelSource.wgmma(), options, HOPPER));
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldCompileForItsArchitectures(Unit unit) throws IOException, InterruptedException {
        Optional<Path> nvcc = nvcc();
        assumeTrue(nvcc.isPresent(), "no nvcc on the PATH or in /usr/local/cuda/bin");
        Path file = Files.writeString(folder.resolve(unit + ".cu"), unit.source());
        List<String> command =
                new ArrayList<>(List.of(nvcc.orElseThrow().toString(), "-fatbin", "-gencode", unit.architectures()));
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
    void shouldNotAskForTheArchitecture(Unit unit) {
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
