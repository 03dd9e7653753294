package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ContenderTest {
    @TempDir
    Path root;

    /** As JMH does: one process starts another and waits for it. */
    @Test
    void shouldEndWhatAContenderHasStartedWhenItsTimeIsOver() throws Exception {
        Contender starts = contender("sleep 1000 & echo $! >" + root.resolve("pid") + "; wait");

        assertThatThrownBy(() -> starts.run(new WorkFolder(root), "kernels", "jmh", 2))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("did not end within 2 s");

        long pid = Long.parseLong(Files.readString(root.resolve("pid")).strip());
        Optional<ProcessHandle> started = ProcessHandle.of(pid);
        if (started.isPresent()) {
            started.get().onExit().get(30, TimeUnit.SECONDS);
        }
        assertThat(started.map(ProcessHandle::isAlive).orElse(false)).isFalse();
    }

    private Contender contender(String script) throws IOException {
        Path file = root.resolve("contender.sh");
        Files.writeString(file, script);
        return new Contender("starts", List.of("sh", file.toString()), Map.of());
    }
}
