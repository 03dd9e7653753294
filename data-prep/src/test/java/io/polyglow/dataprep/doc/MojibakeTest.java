package io.polyglow.dataprep.doc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jsoup.Jsoup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MojibakeTest {
    private static final Path UDHR = Path.of(System.getProperty("polyglow.corpora"), "udhr");

    @ParameterizedTest
    @CsvSource({
        "windows-1252, It’s “déjà vu: 5 € – naïve",
        "ISO-8859-1, Ünïcödé naïveté",
        "windows-1251, Все люди рождаются свободными",
        "IBM437, Straße und Übermut äöü",
        "windows-1252, Ấy là tiếng Việt",
        "ISO-8859-1, 人人生而自由"
    })
    void shouldRepairWhatWasReadWithAWrongCharset(String charset, String text) {
        String broken = new String(text.getBytes(UTF_8), Charset.forName(charset));

        Decoded repaired = Decoded.chars("clean é line\n" + broken + "\nlast").withoutMojibake();

        assertThat(repaired).isEqualTo(new Decoded("clean é line\n" + text + "\nlast", 0, 1));
    }

    @Test
    void shouldRepairWhatWasMisreadTwice() {
        Charset latin = Charset.forName("windows-1252");
        String twice = new String(new String("déjà vu".getBytes(UTF_8), latin).getBytes(UTF_8), latin);

        assertThat(Decoded.chars(twice).withoutMojibake().text()).isEqualTo("déjà vu");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "il est « fatigué\u00A0»",
                "fatigué\u00A0»",
                "«Â» et «Ã»",
                "Різдво Христове",
                "PÃO E ÁGUA",
                "5 °C, 3 µm, § 4, ½ Ω",
                "L’été à l’Hôtel — «Œuvre»",
                "Škoda, Žižek, ¡Año!",
                "IKEA® Ö™",
                "Ａ①㈱"
            })
    void shouldLeaveCleanTextAlone(String text) {
        assertThat(Decoded.chars(text).withoutMojibake()).isEqualTo(new Decoded(text, 0, 0));
    }

    @Test
    void shouldLeaveTheDeclarationOfHumanRightsAloneInEveryLanguageAndRepairItWhenBroken() throws IOException {
        assumeTrue(Files.exists(UDHR), UDHR + " is not there");
        Charset latin = Charset.forName("ISO-8859-1");
        List<Path> files;
        try (Stream<Path> all = Files.list(UDHR)) {
            files = all.filter(file -> file.toString().endsWith(".html"))
                    .sorted()
                    .toList();
        }
        int broken = 0;
        for (Path file : files) {
            String text = Jsoup.parse(Files.readString(file)).wholeText();
            assertThat(Decoded.chars(text).withoutMojibake().mojibakeRepairs())
                    .as(file.toString())
                    .isZero();
            Decoded repaired = new Decoded(new String(text.getBytes(UTF_8), latin), 0, 0).withoutMojibake();
            broken += repaired.text().equals(text) ? 0 : 1;
            assertThat(repaired.withoutMojibake()).as(file.toString()).isEqualTo(repaired);
        }
        assertThat(files).hasSizeGreaterThan(500);
        assertThat(broken).isLessThan(files.size() / 4);
    }
}
