package io.polyglow.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LanguageBenchTest {
    private static final String GERMAN = "Alle Menschen sind frei und gleich an Würde und Rechten geboren.";
    private static final String ENGLISH = "All human beings are born free and equal in dignity and rights.";

    @TempDir
    Path directory;

    private final LanguageBench bench = new LanguageBench(LanguageModels.bundled(), SystemNanoClock.INSTANCE);

    @Test
    void shouldTakeLabelsFromPagesAndFromNamesOfFiles() throws IOException {
        Files.writeString(directory.resolve("1.html"), page("de", GERMAN + " " + GERMAN));
        Files.writeString(directory.resolve("2.html"), page("fr", ENGLISH));
        Files.writeString(directory.resolve("3.html"), "<p>" + ENGLISH);
        Files.writeString(directory.resolve("en.txt"), ENGLISH + "\n\n" + ENGLISH + "\n");
        Files.writeString(directory.resolve("README.txt"), ENGLISH);

        JsonObject measured = bench.run(List.of(directory));

        JsonObject documents = measured.getObject("documents");
        assertThat(documents.getLong("texts")).isEqualTo(2);
        assertThat(documents.getDouble("macro_accuracy")).isEqualTo(0.5);
        assertThat(documents.getArray("confusions").strings()).containsExactly("fra as eng: 1");
        JsonObject sentences = measured.getObject("sentences");
        assertThat(sentences.getLong("texts")).isEqualTo(5);
        assertThat(sentences.getLong("languages")).isEqualTo(3);
        assertThat(sentences.getObject("known_languages").getLong("languages")).isEqualTo(3);
    }

    @Test
    void shouldSayWhatItNeedsWhereNothingIsLabelled() throws IOException {
        Files.writeString(directory.resolve("1.html"), "<p>" + ENGLISH);

        assertThatThrownBy(() -> bench.run(List.of(directory)))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContainingAll("No labelled text", "<html lang>", "de.txt");
    }

    private static String page(String language, String text) {
        return "<!doctype html><html lang=" + language + "><body><p>" + text + "</p></body></html>";
    }
}
