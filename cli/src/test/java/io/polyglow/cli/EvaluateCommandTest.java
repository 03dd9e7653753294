package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.eval.ExactMatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateCommandTest {
    @TempDir
    Path folder;

    /** Prepare brings texts to NFC, so a model knows no other form. */
    @Test
    void shouldAskAndExpectInTheFormThatTextsWereTrainedIn() throws IOException {
        Path file = Files.writeString(
                folder.resolve("questions.jsonl"),
                "{\"language\": \"de\", \"prompt\": \"zwo\\u0308lf\", \"answer\": \"u\\u0308ber\\r\\nalles\"}\n");

        assertThat(EvaluateCommand.read(file))
                .containsExactly(new ExactMatch.Question("deu_Latn", "zw\u00f6lf", "\u00fcber\nalles"));
    }
}
