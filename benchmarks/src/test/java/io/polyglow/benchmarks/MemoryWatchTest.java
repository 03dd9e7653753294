package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
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
        Process process = new ProcessBuilder("sh", "-c", "read line").start();
        MemoryWatch watch = new MemoryWatch(process);
        watch.look();
        process.getOutputStream().close();

        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        watch.look();
        assertThat(watch.held()).matches("[0-9,]+ MiB of this machine's [0-9,]+");
        assertThat(watch.ranOut(1, "")).isFalse();
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
