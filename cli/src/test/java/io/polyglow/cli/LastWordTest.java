package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.AllowApi;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LastWordTest {
    /** The command that is interrupted. */
    @AllowApi("a child process talks to its parent over its standard streams")
    static final class Command {
        private Command() {}

        public static void main(String[] args) throws IOException {
            Console console = Console.system(SystemNanoClock.INSTANCE);
            try (LastWord word = new LastWord(console, () -> "Interrupted at step 7.")) {
                console.note("working on " + word.getClass().getSimpleName());
                if (args[0].equals("waits")) {
                    System.in.read();
                }
            }
        }
    }

    @Test
    void shouldSayWhereTheWorkIsWhenASignalEndsIt() throws Exception {
        Process command = start("waits");
        try (BufferedReader said = command.errorReader(StandardCharsets.UTF_8)) {
            assertThat(said.readLine()).isEqualTo("working on LastWord");
            command.toHandle().destroy(); // Process.destroy() closes the streams
            assertThat(said.lines()).containsExactly("Interrupted at step 7.");
        }
    }

    @Test
    void shouldSayNothingWhenTheWorkEndsByItself() throws Exception {
        try (BufferedReader said = start("ends").errorReader(StandardCharsets.UTF_8)) {
            assertThat(said.lines()).containsExactly("working on LastWord");
        }
    }

    private static Process start(String mode) throws IOException {
        return new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Command.class.getName(),
                        mode)
                .start();
    }
}
