package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelCacheTest {
    @TempDir
    Path folder;

    private final FakeCompiler compiler = new FakeCompiler();

    private String get(String source, List<String> options, int architecture) {
        return new String(
                new KernelCache(folder.resolve("cuda"), compiler).get("unit", source, options, architecture),
                StandardCharsets.UTF_8);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve("cuda"))) {
            return all.toList();
        }
    }

    @Test
    void shouldCompileOnceForEachSourceOptionsArchitectureAndCompiler() throws IOException {
        for (int i = 0; i < 2; i++) {
            assertThat(get("a", List.of(), 90)).isEqualTo("unit");
            get("b", List.of(), 90);
            get("a", List.of("-D"), 90);
            get("a", List.of(), 80);
        }
        assertThat(compiler.compiled).hasSize(4);
        compiler.version = "2.0";
        get("a", List.of(), 90);
        assertThat(compiler.compiled).hasSize(5);
        assertThat(files()).hasSize(5).allMatch(file -> file.toString().endsWith(".bin"));
    }

    @Test
    void shouldCompileAgainWhenTheFileIsDamagedOrCut() throws IOException {
        get("a", List.of(), 90);
        Path file = files().get(0);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThat(get("a", List.of(), 90)).isEqualTo("unit");
        Files.write(file, new byte[7]);
        assertThat(get("a", List.of(), 90)).isEqualTo("unit");
        assertThat(compiler.compiled).hasSize(3);
        get("a", List.of(), 90);
        assertThat(compiler.compiled).hasSize(3);
    }

    @Test
    void shouldOnlyCostTimeWhenTheFolderCannotBeMade() throws IOException {
        Files.writeString(folder.resolve("cuda"), "a file where the folder should be");
        assertThat(get("a", List.of(), 90)).isEqualTo("unit");
        assertThat(get("a", List.of(), 90)).isEqualTo("unit");
        assertThat(compiler.compiled).hasSize(2);
    }
}
