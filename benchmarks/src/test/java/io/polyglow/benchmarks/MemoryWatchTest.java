package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
@EnabledOnOs(OS.LINUX)
class MemoryWatchTest {
    @Test
    void shouldSeeWhatAProcessHolds() throws IOException, InterruptedException {
        String holdsTwentyMegabytes = "x=$(head -c 20000000 /dev/zero | tr '\\0' a); echo ready; read line";
        Process process = new ProcessBuilder("sh", "-c", holdsTwentyMegabytes).start();
        MemoryWatch watch = new MemoryWatch(process);
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("ready");
        watch.look();
        process.getOutputStream().close();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        watch.look();

        assertThat(watch.held()).matches("(19|[2-9][0-9]|1[0-9]{2}) MiB of this machine's [0-9,]+");
    }

    @Test
    void shouldTellWantOfMemoryFromOtherFailures() throws IOException {
        MemoryWatch watch = new MemoryWatch(new ProcessBuilder("true").start());

        assertThat(watch.ranOut(137, "")).isTrue();
        assertThat(watch.ranOut(1, "java.lang.OutOfMemoryError: Physical memory usage is too high"))
                .isTrue();
        assertThat(watch.ranOut(134, "terminate called after throwing an instance of 'std::bad_alloc'"))
                .isTrue();
        assertThat(watch.ranOut(1, "java.lang.IllegalStateException: no model")).isFalse();
    }
}
