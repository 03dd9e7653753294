package io.polyglow.dataprep.language;

import com.ibm.icu.lang.UCharacter;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Libraries;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import opennlp.tools.langdetect.LanguageDetectorModel;
import opennlp.tools.ml.model.AbstractModel;
import opennlp.tools.ml.model.Context;

/**
 * Apache OpenNLP's detector with the model of its {@code opennlp-models-langdetect} artifact: 103 labels that are 100 languages here, no scripts.
 *
 * <p>The model's own confidences are far too small (0.06 for a sentence of which it is right 9 times in 10), so they are raised to the power of {@link #SHARPNESS} and normalised: temperature
 * scaling (Guo et al., On Calibration of Modern Neural Networks, 2017). The power is the one of least log loss on 6,900 sentences of 69 languages, see
 * {@code docs/design/data-prep-language.md}. The order of the languages stays. The model is OpenNLP's, the arithmetic {@link NGramScores}'s.
 */
final class OpenNlpIdentifier implements LanguageIdentifier {
    /** The model's name. */
    static final String NAME = "opennlp";

    private static final String VERSION = "opennlp-langdetect-183/8/3";

    private static final int SHARPNESS = 8;
    /** Less than e to this is nothing beside the best. */
    private static final double NOTHING = -50;

    private static final String RESOURCE = "/langdetect-183.bin";

    private final NGramScores.Scorer scorer = Model.LOADED.scores.new Scorer();
    private char[] units = new char[0];

    /** Changes when answers can change. */
    static String version() {
        return VERSION + ", " + Libraries.versions("opennlp", "opennlp.langdetect", "icu4j");
    }

    @Override
    public String model() {
        return NAME;
    }

    @Override
    public List<LanguageLabel> labels() {
        return Model.LOADED.labels.stream().sorted().toList();
    }

    @Override
    public List<Opinion> identify(String line, double floor) {
        int length = fillUnits(OpenNlpText.normalized(line));
        double[] sums = scorer.score(units, length);
        if (!scorer.foundAny()) {
            return List.of();
        }
        double[] scores = sharpened(sums);
        Opinions opinions = new Opinions();
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] >= floor) {
                opinions.add(Model.LOADED.labels.get(i), scores[i]);
            }
        }
        return opinions.bestFirst(NAME, floor);
    }

    /** Lower case, code point by code point. */
    private int fillUnits(String text) {
        if (units.length < text.length()) {
            units = new char[text.length()];
        }
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            i += Character.toChars(UCharacter.toLowerCase(codePoint), units, i);
        }
        return text.length();
    }

    /** The model's probabilities, raised to the power and normalised, by label. */
    private static double[] sharpened(double[] sums) {
        double best = Arrays.stream(sums).max().orElse(0);
        double[] scores = new double[Model.LOADED.labels.size()];
        double all = 0;
        for (int i = 0; i < sums.length; i++) {
            double exponent = SHARPNESS * (sums[i] - best);
            if (exponent > NOTHING) {
                double score = StrictMath.exp(exponent);
                scores[Model.LOADED.labelOf[i]] += score;
                all += score;
            }
        }
        for (int i = 0; i < scores.length; i++) {
            scores[i] /= all;
        }
        return scores;
    }

    private static LanguageLabel label(String code) {
        return LanguageLabel.parse(code).orElseThrow(() -> new IllegalStateException("the model's label " + code));
    }

    /** The model's weights, its labels, and which label each of its outcomes means: some mean the same. */
    private static final class Model {
        static final Model LOADED = load();

        final NGramScores scores;
        final List<LanguageLabel> labels;
        final int[] labelOf;

        private Model(NGramScores scores, List<LanguageLabel> ofOutcomes) {
            this.scores = scores;
            labels = ofOutcomes.stream().distinct().toList();
            labelOf = ofOutcomes.stream().mapToInt(labels::indexOf).toArray();
        }

        private static Model load() {
            try (InputStream in = OpenNlpIdentifier.class.getResourceAsStream(RESOURCE)) {
                if (in == null) {
                    throw new PolyglowException(
                            ErrorKind.ENVIRONMENT,
                            "The language detection model " + RESOURCE + " is not on the class path; add the artifact"
                                    + " org.apache.opennlp:opennlp-models-langdetect to the job's jars.");
                }
                return of((AbstractModel) new LanguageDetectorModel(in).getMaxentModel());
            } catch (IOException e) {
                throw new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        "The language detection model " + RESOURCE + " cannot be read: " + e.getMessage(),
                        e);
            }
        }

        /** {@code getDataStructures} gives contexts by index, contexts by n-gram, names of outcomes. */
        @SuppressWarnings("unchecked")
        private static Model of(AbstractModel model) {
            Map<String, Context> contexts = (Map<String, Context>) model.getDataStructures()[1];
            List<LanguageLabel> labels = IntStream.range(0, model.getNumOutcomes())
                    .mapToObj(outcome -> label(model.getOutcome(outcome)))
                    .toList();
            return new Model(new NGramScores(contexts, labels.size()), labels);
        }
    }
}
