package io.polyglow.dataprep.language;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adds up the scores of a model's labels that mean the same language and puts them in order. */
final class Opinions {
    /** More opinions of one model on one text are never kept. */
    static final int MAX = 10;

    private static final Comparator<Opinion> BEST_FIRST =
            Comparator.comparingDouble(Opinion::score).reversed().thenComparing(Opinion::label);

    private final Map<LanguageLabel, Double> scores = new HashMap<>();

    void add(LanguageLabel label, double score) {
        scores.merge(label, score, Double::sum);
    }

    List<Opinion> bestFirst(String model, double floor) {
        List<Opinion> opinions = new ArrayList<>();
        scores.forEach((label, score) -> {
            if (score >= floor) {
                opinions.add(new Opinion(model, label, Math.min(1, score)));
            }
        });
        opinions.sort(BEST_FIRST);
        return List.copyOf(opinions.subList(0, Math.min(MAX, opinions.size())));
    }
}
