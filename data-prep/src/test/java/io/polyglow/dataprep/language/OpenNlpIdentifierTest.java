package io.polyglow.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.dataprep.sample.GeneratedWeb;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import opennlp.tools.langdetect.Language;
import opennlp.tools.langdetect.LanguageDetectorME;
import opennlp.tools.langdetect.LanguageDetectorModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our arithmetic beside OpenNLP's own on the same model. */
class OpenNlpIdentifierTest {
    private static final LanguageDetectorME THEIRS = load();

    private final OpenNlpIdentifier ours = new OpenNlpIdentifier();

    private static LanguageDetectorME load() {
        try (InputStream in =
                Objects.requireNonNull(OpenNlpIdentifier.class.getResourceAsStream("/langdetect-183.bin"))) {
            return new LanguageDetectorME(new LanguageDetectorModel(in));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "The quick brown fox jumps over the lazy dog.",
                "Mr. X: Haha, hahaha! HIHIHI; heeehe jojo  rt RT: rt rt: see @someone and #tag, mail a.b@c.example or https://x.y/z?a=b",
                "Coooool   sooo\t\tgood!!! 1234 56,78 x-D :-) ;P :o xd",
                "Übermäßig Straße İstanbul ΑΒΓ ΣΑΣ Привет 你好世界 ﷺ ﬁ 😀👍🏽 𝔘𝔫𝔦 \uD83C \uDFFF x",
                "ຂໍ້ ຄວາມ ภาษาไทย မြန်မာ ខ្មែរ हिन्दी العربية עברית",
                " trimmed \u0001 ",
                "jjaa jaja jajaja hahha haaha haahaa heho"
            })
    void shouldGiveOpenNlpsOwnScores(String line) {
        assertSame(line);
    }

    @Test
    void shouldGiveOpenNlpsOwnScoresOnTextOfManyLanguages() {
        GeneratedWeb web = new GeneratedWeb(5);
        for (int i = 0; i < 120; i++) {
            web.text(i).lines().limit(4).forEach(this::assertSame);
        }
    }

    @Test
    void shouldGiveOpenNlpsOwnScoresOnNoise() {
        String alphabet = "aahHjJoOrtRT:;xX-()dopDOP@#.  \t19éÉ中文😀";
        for (int i = 0; i < 500; i++) {
            RandomStream random = RandomStream.of(7, "noise", i);
            StringBuilder line = new StringBuilder();
            for (int j = 0; j < 60; j++) {
                line.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertSame(line.toString());
        }
    }

    @Test
    void shouldHaveNoOpinionOnTextWithoutKnownLetters() {
        assertThat(ours.identify("", 0)).isEmpty();
        assertThat(ours.identify("12 34", 0)).isEmpty();
    }

    private void assertSame(String line) {
        assertThat(OpenNlpText.normalized(line)).as(line).isEqualTo(normalizedByOpenNlp(line));
        Map<LanguageLabel, Double> expected = new HashMap<>();
        Language[] languages = THEIRS.predictLanguages(line);
        double best = languages[0].getConfidence();
        if (best <= languages[languages.length - 1].getConfidence()) {
            assertThat(ours.identify(line, 0)).as(line).isEmpty();
            return;
        }
        double sum = 0;
        for (Language language : languages) {
            double sharpened = StrictMath.pow(language.getConfidence() / best, 8);
            expected.merge(LanguageLabel.parse(language.getLang()).orElseThrow(), sharpened, Double::sum);
            sum += sharpened;
        }
        List<Opinion> opinions = ours.identify(line, 0);
        assertThat(opinions).as(line).isNotEmpty();
        for (Opinion opinion : opinions) {
            assertThat(opinion.score())
                    .as("%s in %s", opinion.label(), line)
                    .isCloseTo(Objects.requireNonNull(expected.get(opinion.label())) / sum, within(1e-9));
        }
    }

    /** The normalisers of {@code LanguageDetectorFactory}, all of them, in its order. */
    private static String normalizedByOpenNlp(String line) {
        CharSequence text = line;
        for (var normalizer : List.of(
                opennlp.tools.util.normalizer.EmojiCharSequenceNormalizer.getInstance(),
                opennlp.tools.util.normalizer.UrlCharSequenceNormalizer.getInstance(),
                opennlp.tools.util.normalizer.TwitterCharSequenceNormalizer.getInstance(),
                opennlp.tools.util.normalizer.NumberCharSequenceNormalizer.getInstance(),
                opennlp.tools.util.normalizer.ShrinkCharSequenceNormalizer.getInstance())) {
            text = normalizer.normalize(text);
        }
        return text.toString();
    }
}
