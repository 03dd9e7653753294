package io.polyglow.dataprep.language;

import io.polyglow.dataprep.language.fasttext.FastTextModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A fastText model as an identifier. Its labels may be codes ({@code __label__de} of lid.176) or codes with scripts ({@code __label__deu_Latn} of GlotLID and OpenLID). Labels that say that a
 * text is no language (GlotLID's {@code zxx_*} and {@code und_*}) are {@code und}: they hold their share of the probability and are never the answer. Safe for many threads.
 */
final class FastTextIdentifier implements LanguageIdentifier {
    private final String name;
    private final FastTextModel model;
    private final Map<String, LanguageLabel> meaning = new HashMap<>();

    FastTextIdentifier(String name, FastTextModel model) {
        this.name = name;
        this.model = model;
        model.labels()
                .forEach(label -> meaning.put(label, LanguageLabel.parse(label).orElse(LanguageLabel.UNKNOWN)));
    }

    @Override
    public String model() {
        return name;
    }

    @Override
    public List<LanguageLabel> labels() {
        return meaning.values().stream()
                .filter(LanguageLabel::isKnown)
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public List<Opinion> identify(String line, double floor) {
        Opinions opinions = new Opinions();
        for (FastTextModel.Prediction prediction : model.predict(line, floor)) {
            LanguageLabel label = meaning.getOrDefault(prediction.label(), LanguageLabel.UNKNOWN);
            opinions.add(label, prediction.score());
        }
        return opinions.bestFirst(name, floor).stream()
                .filter(opinion -> opinion.label().isKnown())
                .toList();
    }
}
