package io.polyglow.dataprep.language;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import opennlp.tools.langdetect.Language;
import opennlp.tools.langdetect.LanguageDetectorME;
import opennlp.tools.langdetect.LanguageDetectorModel;

/**
 * Apache OpenNLP's detector with the model of its {@code opennlp-models-langdetect} artifact: 103 languages, no scripts.
 *
 * <p>The model's own confidences are far too small (0.06 for a sentence of which it is right 9 times in 10), so they are raised to the power of {@link #SHARPNESS} and normalised: temperature
 * scaling (Guo et al., On Calibration of Modern Neural Networks, 2017). The power is the one of least log loss on 6,900 sentences of 69 languages, see
 * {@code docs/design/data-prep-language.md}. The order of the languages stays.
 */
final class OpenNlpIdentifier implements LanguageIdentifier {
    /** The model's name. */
    static final String NAME = "opennlp";

    /** Changes when answers can change. */
    static final String VERSION = "opennlp-langdetect-183-1.2.0/8";

    private static final int SHARPNESS = 8;
    private static final String RESOURCE = "/langdetect-183.bin";

    private final LanguageDetectorME detector = new LanguageDetectorME(Model.LOADED);

    @Override
    public String model() {
        return NAME;
    }

    @Override
    public List<LanguageLabel> labels() {
        return Arrays.stream(detector.getSupportedLanguages())
                .map(OpenNlpIdentifier::label)
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public List<Opinion> identify(String line, double floor) {
        Language[] languages = detector.predictLanguages(line);
        double best = languages[0].getConfidence();
        if (best <= languages[languages.length - 1].getConfidence()) {
            return List.of(); // all alike: it found none of its n-grams
        }
        double sum = Arrays.stream(languages)
                .mapToDouble(language -> sharpened(language, best))
                .sum();
        Opinions opinions = new Opinions();
        for (Language language : languages) {
            opinions.add(label(language.getLang()), sharpened(language, best) / sum);
        }
        return opinions.bestFirst(NAME, floor);
    }

    private static double sharpened(Language language, double best) {
        return StrictMath.pow(language.getConfidence() / best, SHARPNESS);
    }

    private static LanguageLabel label(String code) {
        return LanguageLabel.parse(code).orElseThrow(() -> new IllegalStateException("the model's label " + code));
    }

    private static final class Model {
        static final LanguageDetectorModel LOADED = load();

        private static LanguageDetectorModel load() {
            try (InputStream in = OpenNlpIdentifier.class.getResourceAsStream(RESOURCE)) {
                if (in == null) {
                    throw new PolyglowException(
                            ErrorKind.ENVIRONMENT,
                            "The language detection model " + RESOURCE + " is not on the class path; add the artifact"
                                    + " org.apache.opennlp:opennlp-models-langdetect to the job's jars.");
                }
                return new LanguageDetectorModel(in);
            } catch (IOException e) {
                throw new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        "The language detection model " + RESOURCE + " cannot be read: " + e.getMessage(),
                        e);
            }
        }
    }
}
