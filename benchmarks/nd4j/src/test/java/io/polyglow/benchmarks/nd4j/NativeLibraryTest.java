package io.polyglow.benchmarks.nd4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class NativeLibraryTest {
    @Test
    void shouldTakeTheFastestBuildThatTheCpuCanRun() {
        Set<String> withAvx512 = Set.of("avx2", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");

        assertThat(NativeLibrary.fastest(withAvx512)).isEqualTo("-onednn-avx512");
        assertThat(NativeLibrary.fastest(Set.of("avx2", "avx512f"))).isEmpty();
        assertThat(NativeLibrary.fastest(Set.of())).isEmpty();
    }
}
