package io.polyglow.dataprep.language;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How often labels are right: one is added per text, then asked for. Accuracy and F1 are macro-averaged (each language counts once, whatever its number of texts), over the languages that were
 * expected at least once. An instance belongs to one thread.
 */
public final class LanguageAccuracy {
    private final Map<String, Map<String, Long>> answersByExpected = new TreeMap<>();

    /** A text in {@code expected} was taken for {@code answer}. */
    public void add(String expected, String answer) {
        add(expected, answer, 1);
    }

    /** So many texts in {@code expected} were taken for {@code answer}. */
    public void add(String expected, String answer, long texts) {
        answersByExpected.computeIfAbsent(expected, e -> new TreeMap<>()).merge(answer, texts, Long::sum);
    }

    /** Number of languages that were expected. */
    public int languages() {
        return answersByExpected.size();
    }

    /** Number of texts. */
    public long texts() {
        return answersByExpected.keySet().stream().mapToLong(this::texts).sum();
    }

    /** Mean over languages of the share of their texts that were recognised; 0 without texts. */
    public double macroAccuracy() {
        return answersByExpected.keySet().stream()
                .mapToDouble(this::recall)
                .average()
                .orElse(0);
    }

    /** Mean over languages of F1, where a text taken for a language that nobody expected is a miss of its own language alone. */
    public double macroF1() {
        return answersByExpected.keySet().stream()
                .mapToDouble(this::f1)
                .average()
                .orElse(0);
    }

    /** Share of a language's texts that were recognised. */
    public double recall(String language) {
        return (double) right(language) / texts(language);
    }

    /** Harmonic mean of a language's recall and precision. */
    public double f1(String language) {
        long taken = answersByExpected.values().stream()
                .mapToLong(answers -> answers.getOrDefault(language, 0L))
                .sum();
        return 2.0 * right(language) / (texts(language) + taken);
    }

    /** A mistake and how often it was made. */
    public record Confusion(String expected, String answer, long texts) {}

    /** The most frequent mistakes, most frequent first. */
    public List<Confusion> confusions(int most) {
        List<Confusion> all = new ArrayList<>();
        answersByExpected.forEach((expected, answers) -> answers.forEach((answer, texts) -> {
            if (!answer.equals(expected)) {
                all.add(new Confusion(expected, answer, texts));
            }
        }));
        all.sort(Comparator.comparingLong(Confusion::texts).reversed());
        return List.copyOf(all.subList(0, Math.min(most, all.size())));
    }

    private long right(String language) {
        return answersByExpected.getOrDefault(language, Map.of()).getOrDefault(language, 0L);
    }

    private long texts(String language) {
        return answersByExpected.getOrDefault(language, Map.of()).values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }
}
