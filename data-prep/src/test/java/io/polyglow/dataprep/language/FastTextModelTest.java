package io.polyglow.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.language.fasttext.FastTextModel;
import io.polyglow.dataprep.language.fasttext.FastTextModel.Prediction;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares predictions with those that fastText itself printed, see {@code README.md} beside the models. */
class FastTextModelTest {
    private static final double TOLERANCE = 1e-5;
    private static final int KEPT = 5;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"softmax.bin", "ova.bin", "hs.ftz", "softmax.ftz"})
    void shouldPredictWhatFastTextPredicts(String name) throws IOException {
        FastTextModel model = FastTextModel.open(file(name));
        List<String> lines = text("lines.txt").lines().toList();
        List<String> expected = text(name + ".expected").lines().toList();

        assertThat(lines).hasSize(21).hasSameSizeAs(expected);
        for (int i = 0; i < lines.size(); i++) {
            requireSame(model.predict(lines.get(i), 0), parse(expected.get(i)), lines.get(i));
        }
    }

    @Test
    void shouldGiveNoPredictionBelowTheFloor() throws IOException {
        List<Prediction> predictions = FastTextModel.open(file("softmax.bin")).predict("und der die", 0.2);

        assertThat(predictions).isNotEmpty().allMatch(prediction -> prediction.score() >= 0.2);
    }

    @Test
    void shouldReadOneLineAsFastTextDoes() throws IOException {
        FastTextModel model = FastTextModel.open(file("softmax.bin"));

        assertThat(model.predict("Alle Menschen sind frei\nAll human beings", 0))
                .isEqualTo(model.predict("Alle Menschen sind frei", 0));
        assertThat(model.predict("Alle Menschen sind frei </s> All human beings", 0))
                .isEqualTo(model.predict("Alle Menschen sind frei", 0));
    }

    @Test
    void shouldReadLabelsAsLanguagesAndScripts() throws IOException {
        LanguageIdentifier identifier = LanguageModels.fastText(file("softmax.bin"));

        assertThat(identifier.model()).isEqualTo("softmax");
        assertThat(identifier.labels())
                .extracting(LanguageLabel::toString)
                .contains("deu_Latn", "srp_Cyrl", "cmn_Hani");
        assertThat(identifier
                        .identify("Watu wote wamezaliwa huru, hadhi na haki zao ni sawa.", 0.01)
                        .get(0)
                        .label())
                .hasToString("swh_Latn");
    }

    @Test
    void shouldKeepTheOpinionsOfAllModelsWhileTheFirstDecides() throws IOException {
        List<LanguageIdentifier> models =
                List.of(LanguageModels.fastText(file("softmax.ftz")), LanguageModels.bundled());
        LanguageAnnotation annotation = new LanguageAnnotator(models, LanguageConfig.DEFAULTS)
                .annotate(
                        "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima.",
                        StatedLanguages.NONE);

        assertThat(annotation.label()).hasToString("srp_Latn");
        assertThat(annotation.opinions())
                .extracting(Opinion::model)
                .contains("softmax", "opennlp")
                .isSortedAccordingTo(java.util.Comparator.reverseOrder());
    }

    @Test
    void shouldRefuseWhatIsNoModel() throws IOException {
        Path text = Files.writeString(directory.resolve("lid.bin"), "not a model at all");

        assertThatThrownBy(() -> FastTextModel.open(text))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining("lid.bin")
                .hasMessageContaining("no signature");
        assertThatThrownBy(() -> FastTextModel.open(directory.resolve("missing.bin")))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("missing.bin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"softmax.bin", "hs.ftz"})
    void shouldRefuseEveryTruncation(String name) throws IOException {
        byte[] whole = Files.readAllBytes(file(name));
        for (int length = 0; length < whole.length; length += 97) {
            Path cut = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> FastTextModel.open(cut)).isInstanceOf(PolyglowException.class);
        }
    }

    @Test
    void shouldNeitherCrashNorAllocateWildlyOnDamagedNumbers() throws IOException {
        byte[] whole = Files.readAllBytes(file("hs.ftz"));
        Random random = new Random(5);
        for (int i = 0; i < 300; i++) {
            byte[] damaged = whole.clone();
            ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putInt(random.nextInt(200), random.nextInt());
            Path path = Files.write(directory.resolve("damaged"), damaged);
            try {
                FastTextModel.open(path).predict("Alle Menschen", 0);
            } catch (PolyglowException e) {
                assertThat(e).hasMessageContaining("damaged");
            }
        }
    }

    /** Ties and values near the last of the printed ones may be ordered differently, so labels are looked up. */
    private static void requireSame(List<Prediction> ours, List<Prediction> theirs, String line) {
        assertThat(ours.size()).as(line).isGreaterThanOrEqualTo(theirs.size());
        for (int rank = 0; rank < theirs.size(); rank++) {
            Prediction expected = theirs.get(rank);
            assertThat(ours.get(rank).score()).as(line).isCloseTo(expected.score(), within(TOLERANCE));
            assertThat(ours.stream()
                            .filter(p -> p.label().equals(expected.label()))
                            .findFirst())
                    .as(line + ": " + expected.label())
                    .hasValueSatisfying(p -> assertThat(p.score()).isCloseTo(expected.score(), within(TOLERANCE)));
        }
        assertThat(theirs).as(line).hasSizeLessThanOrEqualTo(KEPT).isNotEmpty();
    }

    private static List<Prediction> parse(String line) {
        String[] words = line.split(" ");
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < words.length; i += 2) {
            predictions.add(new Prediction(words[i], Math.min(1, Double.parseDouble(words[i + 1]))));
        }
        return predictions;
    }

    private static String text(String name) throws IOException {
        try (InputStream in = resource(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Path file(String name) throws IOException {
        Path path = directory.resolve(name);
        try (InputStream in = resource(name)) {
            Files.copy(in, path, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        return path;
    }

    private static InputStream resource(String name) {
        InputStream in = FastTextModelTest.class.getResourceAsStream("fasttext/" + name);
        if (in == null) {
            throw new AssertionError("no test resource " + name);
        }
        return in;
    }
}
