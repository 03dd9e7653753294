package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process as a whole: what it exits with when its JVM is at its end, and in which encoding it speaks. */
class MainTest {
    private static final Path NANO = Path.of(System.getProperty("polyglow.root"), "configs/train/nano.yaml");

    @TempDir
    private Path folder;

    private record Outcome(int exitCode, String out, String err) {}

    private Outcome run(String heap, String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(System.getProperty("polyglow.jvm.options").split(" ")));
        command.addAll(List.of("-Xmx" + heap, "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(args));
        File out = folder.resolve("stdout").toFile();
        File err = folder.resolve("stderr").toFile();
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out).redirectError(err);
        builder.environment().put("LC_ALL", "C");
        int exit = builder.start().waitFor();
        return new Outcome(exit, text(out), text(err));
    }

    private static String text(File file) throws IOException {
        return Files.readString(file.toPath(), StandardCharsets.UTF_8);
    }

    @Test
    void shouldExitWith69AndNameTheHeapWhenMemoryRunsOut() throws Exception {
        Path large = folder.resolve("large.txt");
        try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
            file.setLength(1 << 30);
        }

        Outcome outcome = run("64m", "tokenizer", "encode", "--tokenizer", "any", "--input", large.toString());

        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(69);
        assertThat(outcome.err())
                .contains("ran out of memory", "POLYGLOW_HEAP=12g")
                .doesNotContain("\tat ");
    }

    @Test
    void shouldSpeakUtf8InAnyLocale() throws Exception {
        Path config = Files.writeString(folder.resolve("nano.yaml"), Files.readString(NANO) + "data: größe\n");

        Outcome outcome = run("64m", "config", "show", config.toString(), "--set", "run=r");

        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains("größe");
    }
}
