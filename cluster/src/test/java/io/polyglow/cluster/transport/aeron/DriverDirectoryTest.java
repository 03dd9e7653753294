package io.polyglow.cluster.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DriverDirectoryTest {
    @TempDir
    private Path parent;

    private Path create(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("cnc.dat"), "x");
        return directory;
    }

    @Test
    void shouldReapOnlyWhatDeadProcessesOfThisNamespaceLeft() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Path own = create(DriverDirectory.unique(parent, 1, 2));
        String name = own.getFileName().toString();
        String ownPid = "-" + ProcessHandle.current().pid() + "-";
        Path stale = create(parent.resolve(name.replace(ownPid, "-" + dead.pid() + "-")));
        Path elsewhere = create(parent.resolve("polyglow-1-" + dead.pid() + "-r0-e0-1"));
        Path foreign = create(parent.resolve("polyglow-notes"));
        DriverDirectory.reapStale(parent);
        assertThat(stale).doesNotExist();
        assertThat(own).exists();
        assertThat(elsewhere).exists();
        assertThat(foreign).exists();
    }

    @Test
    void shouldNeverGiveTheSameNameTwice() {
        assertThat(DriverDirectory.unique(parent, 1, 2)).isNotEqualTo(DriverDirectory.unique(parent, 1, 2));
    }

    @Test
    void shouldGiveDriversTheSameMemoryInOneDirectoryByWhateverPath() throws IOException {
        Path other = Files.createDirectory(parent.resolve("other"));
        Path link = Files.createSymbolicLink(parent.resolve("link"), other);
        String memory = DriverDirectory.memory(other, create(other.resolve("first")));
        assertThat(memory).isNotEmpty().isEqualTo(DriverDirectory.memory(link, create(link.resolve("second"))));
        assertThat(DriverDirectory.memory(parent, create(parent.resolve("third"))))
                .isNotEqualTo(memory);
        assertThat(DriverDirectory.memory(parent, parent.resolve("absent"))).isEmpty();
    }
}
