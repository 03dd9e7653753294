package io.polyglow.dataprep.language.fasttext;

import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A supervised fastText model such as lid.176, OpenLID or GlotLID, plain ({@code .bin}) or quantised ({@code .ftz}): the format of facebookresearch/fastText
 * {@code src/fasttext.cc} versions 11 and 12. Labels and scores are those that {@code fasttext predict-prob} prints.
 *
 * <p>Words and the index of kept n-grams are on the heap, matrices stay in the mapped file: a model of 1.6 GB costs some tens of MB. Safe for many threads.
 */
public final class FastTextModel {
    private final ModelArguments arguments;
    private final Dictionary dictionary;
    private final Rows input;
    private final OutputLayer output;

    private FastTextModel(ModelArguments arguments, Dictionary dictionary, Rows input, OutputLayer output) {
        this.arguments = arguments;
        this.dictionary = dictionary;
        this.input = input;
        this.output = output;
    }

    /** A label, {@code __label__} included, and its probability. */
    public record Prediction(String label, double score) {}

    /**
     * Opens a model file.
     *
     * @throws PolyglowException of kind DATA when it cannot be read or is no supervised fastText model
     */
    public static FastTextModel open(Path path) {
        ModelCursor in = new ModelCursor(MappedFile.open(path));
        ModelArguments arguments = ModelArguments.read(in);
        Dictionary dictionary = Dictionary.read(in, arguments);
        boolean quantized = in.nextBoolean();
        in.require(quantized || !dictionary.isPruned(), "pruned n-grams in a model that is not quantised");
        Rows input = readRows(in, quantized, arguments);
        in.require(input.rows() >= dictionary.rowsNeeded(), "fewer rows than words and buckets");
        boolean quantizedOutput = in.nextBoolean() && quantized;
        Rows output = readRows(in, quantizedOutput, arguments);
        in.require(output.rows() == dictionary.labels().length, "as many rows as labels expected, " + output.rows());
        return new FastTextModel(
                arguments, dictionary, input, OutputLayer.of(arguments.loss(), output, dictionary.labelCounts()));
    }

    private static Rows readRows(ModelCursor in, boolean quantized, ModelArguments arguments) {
        return quantized ? QuantizedRows.read(in, arguments.dim()) : DenseRows.read(in, arguments.dim());
    }

    /** All labels. */
    public List<String> labels() {
        return List.of(dictionary.labels());
    }

    /** Labels with a score of at least {@code floor}, best first, for one line of text; none for a text that the model has no feature of. */
    public List<Prediction> predict(String line, double floor) {
        IntList features = dictionary.features(line.getBytes(StandardCharsets.UTF_8));
        if (features.size() == 0) {
            return List.of();
        }
        double[] scores = output.scores(average(features));
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] >= floor) {
                predictions.add(new Prediction(dictionary.labels()[i], Math.min(1, scores[i])));
            }
        }
        predictions.sort(Comparator.comparingDouble(Prediction::score).reversed());
        return List.copyOf(predictions);
    }

    private float[] average(IntList features) {
        float[] hidden = new float[arguments.dim()];
        for (int i = 0; i < features.size(); i++) {
            input.add(features.get(i), hidden);
        }
        float scale = (float) (1.0 / features.size());
        for (int i = 0; i < hidden.length; i++) {
            hidden[i] *= scale;
        }
        return hidden;
    }
}
