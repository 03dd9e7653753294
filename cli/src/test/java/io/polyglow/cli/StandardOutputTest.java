package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StandardOutputTest {
    private static void print(StandardOutput to) {
        PrintStream out = new PrintStream(to, true, StandardCharsets.UTF_8);
        for (int line = 0; line < 1000; line++) {
            out.println("a line of a result");
        }
    }

    @Test
    void shouldSayNothingWhenAllWasWritten() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StandardOutput out = new StandardOutput(bytes);
        print(out);
        out.requireWritten();
        assertThat(bytes.toString(StandardCharsets.UTF_8)).hasLineCount(1000);
    }

    @Test
    void shouldFailWhenThereWasNoRoomForTheResult() throws IOException {
        try (OutputStream full = new FileOutputStream("/dev/full")) {
            StandardOutput out = new StandardOutput(full);
            print(out);
            assertThatThrownBy(out::requireWritten)
                    .isInstanceOfSatisfying(
                            PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                    .hasMessageContaining("No space left on device");
        }
    }

    @Test
    void shouldSayNothingWhenTheReaderHadEnough() throws Exception {
        Process reader = new ProcessBuilder("sh", "-c", "exec <&-; echo enough; exec sleep 30").start();
        try (BufferedReader said = reader.inputReader(StandardCharsets.UTF_8)) {
            assertThat(said.readLine()).isEqualTo("enough");
            StandardOutput out = new StandardOutput(reader.getOutputStream());
            assertThatThrownBy(() -> out.write(new byte[1 << 16])).hasMessageContaining("pipe");
            out.requireWritten();
        } finally {
            reader.destroyForcibly();
        }
    }
}
