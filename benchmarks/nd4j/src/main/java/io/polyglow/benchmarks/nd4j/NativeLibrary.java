package io.polyglow.benchmarks.nd4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which build of ND4J's native library runs: the fastest that the CPU can, of those on the class path. */
final class NativeLibrary {
    private static final String PROPERTY = "org.bytedeco.javacpp.platform.extension";
    private static final String PLAIN = "";
    private static final String AVX512 = "-onednn-avx512";
    private static final Set<String> NEEDED_BY_AVX512 =
            Set.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");
    private static final Path CPU = Path.of("/proc/cpuinfo");

    private NativeLibrary() {}

    /** Chooses; to be called before anything of ND4J is loaded. What {@code -Dorg.bytedeco.javacpp.platform.extension} says wins. */
    static void choose() throws IOException {
        if (System.getProperty(PROPERTY) == null && Files.exists(CPU)) {
            System.setProperty(PROPERTY, fastest(flags()));
        }
    }

    /** The ending of the build's classifier after {@code linux-x86_64}. */
    static String chosen() {
        return System.getProperty(PROPERTY, PLAIN);
    }

    static String fastest(Set<String> cpuFlags) {
        return cpuFlags.containsAll(NEEDED_BY_AVX512) ? AVX512 : PLAIN;
    }

    private static Set<String> flags() throws IOException {
        try (Stream<String> lines = Files.lines(CPU)) {
            return lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> Arrays.stream(line.split("\\s+")).collect(Collectors.toSet()))
                    .orElse(Set.of());
        }
    }
}
