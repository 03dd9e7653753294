package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the engine tells NVIDIA's libraries, through JavaCPP's stubs as on a GPU, in a process that finds others in their place ({@code fake_nvidia.cpp}).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@EnabledIf(value = "io.polyglow.engine.cuda.Emulators#canRun", disabledReason = "needs g++ on 64-bit x86 Linux")
class FakeNvidiaTest {
    private Path folder;
    private Path libraries;

    @BeforeAll
    void compile(@TempDir Path shared) throws IOException, InterruptedException {
        Stream.of(NvidiaLibrary.NVRTC, NvidiaLibrary.CUBLAS, NvidiaLibrary.NCCL)
                .forEach(library -> assumeFalse(
                        NvidiaLibraries.inToolkit(library),
                        library.file + " of the toolkit would come before the fake one"));
        folder = shared;
        libraries = Files.createDirectory(folder.resolve("libraries"));
        Path source = folder.resolve("fake_nvidia.cpp");
        try (InputStream in = FakeNvidiaTest.class.getResourceAsStream("fake_nvidia.cpp")) {
            Files.write(source, in.readAllBytes());
        }
        Path all = libraries.resolve("libfake.so");
        run(List.of("g++", "-std=c++17", "-O1", "-fPIC", "-shared", "-o", all.toString(), source.toString()), Map.of());
        for (NvidiaLibrary library : NvidiaLibrary.values()) {
            Files.createSymbolicLink(libraries.resolve(library.file), all);
        }
    }

    @Test
    void shouldOpenTheGpuThatIsSetAsideAndMultiplyMatricesOnIt() throws IOException, InterruptedException {
        Path log = folder.resolve("launches.log");
        List<String> seen = start(Map.of("FAKE_GPUS", "3", "FAKE_LOG", log.toString()), "2");
        assertThat(seen)
                .containsExactly(
                        "cuda: Fake 2 (sm_90, 4 multiprocessors, 4.0 GiB), driver for CUDA 13.0, cuBLASLt 13.1.0, NVRTC 13.0"
                                + " on GPU 2 of 3 on this host (GPU-00112233-4455-6677-8899-aabbccddee02)",
                        "F32 OUT_IN differs by 0",
                        "F32 IN_OUT differs by 0",
                        "BF16 OUT_IN differs by 0",
                        "BF16 IN_OUT differs by 0",
                        "ENVIRONMENT: no room for 1024.00 GiB of too much on Fake 2: 3.00 of 4.00 GiB are free; use a smaller"
                                + " batch.micro, model.context or model, recompute: full, or more pipeline stages, or see with nvidia-smi who else"
                                + " uses this GPU",
                        "opened again, differs by 0");
        assertThat(Files.readAllLines(log))
                .startsWith("context on 2")
                .contains("graph of 6")
                .contains("product 32 x 24 x 12, epilogue 1", "product 24 x 32 x 12, epilogue 1")
                // after three addresses the ints 24, 1 and, as it adds, 1
                .anySatisfy(line -> assertThat(line)
                        .startsWith("general:column_totals<<<1 1 1, 32 32 1, 0>>> ")
                        .endsWith("180000000100000001000000")
                        .hasSize("general:column_totals<<<1 1 1, 32 32 1, 0>>> ".length() + 72));
    }

    @Test
    void shouldKeepTheContextOfAGpuButNothingOfAnEngineThatIsClosed() throws IOException, InterruptedException {
        Path log = folder.resolve("twice.log");
        assertThat(start(Map.of("FAKE_LOG", log.toString()))).endsWith("opened again, differs by 0");
        assertThat(Files.readAllLines(log))
                .filteredOn(line -> line.matches("context.*|cuStreamDestroy|module.*"))
                .containsExactly(
                        "context on 0",
                        "cuStreamDestroy",
                        "module general unloaded",
                        "cuStreamDestroy",
                        "module general unloaded");
    }

    @Test
    void shouldDoWithoutAnAlgorithmThatTheLibraryOffersAndThenRefuses() throws IOException, InterruptedException {
        Path log = folder.resolve("refused.log");
        start(Map.of("FAKE_REFUSED", "1", "FAKE_LOG", log.toString()));
        List<String> lines = Files.readAllLines(log);
        assertThat(lines).noneMatch(line -> line.startsWith("product "));
        assertThat(lines).anyMatch(line -> line.startsWith("general:matmul_bf16_bf16<<<"));
        assertThat(lines)
                .filteredOn("refused epilogue 1"::equals)
                .as("once for each of four products in each type and layout, and for the engine that is opened again")
                .hasSize(20);
    }

    @Test
    void shouldTakeTheFastestAlgorithmThatHasTheBitsOfTheFirst() throws IOException, InterruptedException {
        Path log = folder.resolve("trials.log");
        String options = "-D" + ProductTrials.LEAST_FLOPS + "=1";
        assertThat(start(Map.of("FAKE_ALGORITHMS", "4", "FAKE_LOG", log.toString(), "JAVA_TOOL_OPTIONS", options)))
                .contains("F32 OUT_IN differs by 0", "BF16 IN_OUT differs by 0", "opened again, differs by 0");
        List<String> lines = Files.readAllLines(log);
        int replayed = lines.indexOf("graph of 6");
        assertThat(lines.subList(replayed, replayed + 11))
                .startsWith("graph of 6", "product 24 x 12 x 32, epilogue 1", "algorithm 3")
                .doesNotContain("algorithm 2");
        assertThat(lines).as("tried, and off by a bit").contains("algorithm 2");
    }

    @Test
    void shouldTellWhereTheTimeGoesWhenAskedTo() throws IOException, InterruptedException {
        Path log = folder.resolve("times.log");
        String options = "-D" + QueueTimes.PROPERTY + "=true -Dorg.slf4j.simpleLogger.logFile=System.out";
        List<String> lines = start(Map.of("FAKE_LOG", log.toString(), "JAVA_TOOL_OPTIONS", options));
        assertThat(lines)
                .contains("F32 OUT_IN differs by 0", "BF16 IN_OUT differs by 0")
                .anyMatch(line -> line.endsWith(", 195.000 ms in all"))
                // three runs, without the first
                .contains("      3.000    1.5       2   1500.0  product 24 x 12 x 32 NN F32 to F32");
        assertThat(Files.readString(log)).doesNotContain("graph");
    }

    @Test
    void shouldComputeTheSameWhereTheDriverRecordsNoGraph() throws IOException, InterruptedException {
        Path log = folder.resolve("no-graphs.log");
        assertThat(start(Map.of("FAKE_CAPTURE", "0", "FAKE_LOG", log.toString())))
                .contains("F32 OUT_IN differs by 0", "BF16 IN_OUT differs by 0");
        assertThat(Files.readString(log)).contains("product").doesNotContain("graph");
    }

    @Test
    void shouldTakeTurnsWithTheOtherRanksOfTheHostWhereNoGpuIsSetAside() throws IOException, InterruptedException {
        assertThat(start(Map.of("FAKE_GPUS", "2"))).first().asString().contains(" on GPU 1 of 2 on this host (");
        assertThat(start(Map.of("FAKE_GPUS", "2"), "7"))
                .first()
                .asString()
                .startsWith("ENVIRONMENT: GPU 7 is set aside");
    }

    @Test
    void shouldSayWhatAMachineLacks() throws IOException, InterruptedException {
        assertThat(start(Map.of("FAKE_GPUS", "0")))
                .containsExactly(
                        "unavailable: the driver shows no GPU; see nvidia-smi, and CUDA_VISIBLE_DEVICES if it is set");
        assertThat(start(Map.of("FAKE_DRIVER", "12040")))
                .first()
                .asString()
                .isEqualTo("unavailable: the driver is for CUDA 12.4, but the engine calls libraries of CUDA 13");
        Path nvrtc = libraries.resolve(NvidiaLibrary.NVRTC.file);
        Path away = folder.resolve("away");
        Files.move(nvrtc, away);
        try {
            assertThat(start(Map.of())).first().asString().contains("missing: NVRTC (libnvrtc.so.13)");
        } finally {
            Files.move(away, nvrtc);
        }
    }

    @Test
    void shouldHandTensorsFromGpuToGpu() throws IOException, InterruptedException {
        Path log = folder.resolve("pair.log");
        List<String> seen = pair(Map.of("FAKE_LOG", log.toString()), "0", "1");
        List<String> each = List.of("NCCL 2.29.3", "by NCCL 2.29.3 between 2 GPUs of this host", "0 bytes differ");
        assertThat(seen).hasSize(6);
        assertThat(seen.subList(0, 3)).isEqualTo(each);
        assertThat(seen.subList(3, 6)).isEqualTo(each);
        assertThat(Files.readAllLines(log))
                .contains("rank 0 of 2 joins group 1", "rank 1 of 2 joins group 1", "rank 0 left", "rank 1 left")
                .noneMatch(line -> line.contains("aborted"));
    }

    @Test
    void shouldPassThroughTheHostWhenTwoRanksShareAGpuOrALibraryIsMissing() throws IOException, InterruptedException {
        assertThat(pair(Map.of(), "1", "1"))
                .contains("through the host, as replica 1 is on the same GPU as replica 0")
                .doesNotContain("0 bytes differ");
        Path nccl = libraries.resolve(NvidiaLibrary.NCCL.file);
        Path away = folder.resolve("away");
        Files.move(nccl, away);
        try {
            assertThat(pair(Map.of(), "0", "1"))
                    .contains(
                            "there is no NCCL (libnccl.so.2), so gradients between the 2 GPUs of this host pass through its memory",
                            "through the host, as replica 0 says: there is no NCCL (libnccl.so.2)");
        } finally {
            Files.move(away, nccl);
        }
    }

    @Test
    void shouldSayWhatNcclSaysWhenItFails() throws IOException, InterruptedException {
        Path log = folder.resolve("cable.log");
        assertThat(pair(Map.of("FAKE_CABLE", "0", "FAKE_LOG", log.toString()), "0", "1"))
                .filteredOn(line -> line.startsWith("ENVIRONMENT"))
                .hasSize(2)
                .first()
                .asString()
                .startsWith("ENVIRONMENT: NCCL, replica 0 of 2 on this host, in an exchange: ncclSend of Part[")
                .contains("failed with 2, unhandled system error, last error: there is no cable. Resume");
        assertThat(Files.readAllLines(log)).contains("rank 0 aborted", "rank 1 aborted");
    }

    @Test
    void shouldCopyOnAnotherThreadBesideKernelsAndRecordings() throws IOException, InterruptedException {
        Path log = folder.resolve("copies.log");
        assertThat(start(FakeCopiesMain.class, Map.of("FAKE_LOG", log.toString())))
                .containsExactly(
                        "page-locked, read: all 64.0",
                        "page-locked, written: all 256.0",
                        "plain, read: all 64.0",
                        "plain, written: all 256.0",
                        "beside a recording: all 2.0",
                        "run 1: an event is recorded while kernel calls are recorded as a graph; record it after Engine.repeat",
                        "closed");
        assertThat(Files.readAllLines(log)).contains("graph of 1", "cuEventSynchronize");
    }

    @Test
    void shouldNeitherCopyNorWaitWhenTheGpuHasBeenGivenUp() throws IOException, InterruptedException {
        Path log = folder.resolve("given-up.log");
        List<String> seen = start(FakeCopiesMain.class, Map.of("FAKE_LOG", log.toString()), "give up");
        assertThat(seen.subList(6, 12))
                .containsOnly(
                        "PEER_LOST: the work on GPU 0 of 1 on this host (GPU-00112233-4455-6677-8899-aabbccddee00) has no end since"
                                + " an exchange with other GPUs failed, so nothing is copied to or from it any more; resume from the"
                                + " last checkpoint in another process");
        assertThat(seen).endsWith("closed").hasSize(13);
        assertThat(Files.readAllLines(log)).endsWith("given up");
    }

    private List<String> pair(Map<String, String> environment, String first, String second)
            throws IOException, InterruptedException {
        Map<String, String> all = new TreeMap<>(environment);
        all.put("FAKE_GPUS", "2");
        return start(FakeGpuPairMain.class, all, first, second);
    }

    private List<String> start(Map<String, String> environment, String... gpus)
            throws IOException, InterruptedException {
        return start(FakeGpuMain.class, environment, gpus);
    }

    private List<String> start(Class<?> main, Map<String, String> environment, String... gpus)
            throws IOException, InterruptedException {
        Map<String, String> all = new TreeMap<>(environment);
        all.put("LD_LIBRARY_PATH", libraries.toString());
        all.putIfAbsent("FAKE_LOG", folder.resolve("other.log").toString());
        List<String> command = new ArrayList<>(
                List.of(System.getProperty("java.home") + "/bin/java", "-Xmx256m", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(System.getProperty("polyglow.jvm.options").split(" ")));
        command.addAll(List.of("-Dpolyglow.cuda.cache=" + folder.resolve("cache")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(gpus));
        return run(command, all);
    }

    /** Lines of standard output. */
    private List<String> run(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path errors = Files.createTempFile(folder, "errors", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(errors.toFile());
        builder.environment().remove("CUDA_VISIBLE_DEVICES");
        builder.environment().putAll(environment);
        int status = builder.start().waitFor();
        assertThat(status)
                .as("%s:%n%s%n%s", command, Files.readString(out), Files.readString(errors))
                .isZero();
        return Files.readAllLines(out, StandardCharsets.UTF_8);
    }
}
