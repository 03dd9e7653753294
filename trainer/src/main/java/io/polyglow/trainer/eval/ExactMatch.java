package io.polyglow.trainer.eval;

import io.polyglow.common.token.Tokenizer;
import io.polyglow.trainer.generate.Generator;
import io.polyglow.trainer.generate.Sampling;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How many questions with one right answer a model answers exactly, by greedy generation up to the end of the document. */
public final class ExactMatch {
    private static final int BATCH = 32;

    /** A prompt, what should follow it, and its language. */
    public record Question(String language, String prompt, String answer) {}

    /** What the model said. */
    public record Answer(Question question, String given) {
        /** Whether it is the expected answer, white space at the ends aside. */
        public boolean right() {
            return given.strip().equals(question.answer().strip());
        }
    }

    private ExactMatch() {}

    /** Asks all questions, in order. An answer may be twice as long in tokens as the right one before it is cut off. */
    public static List<Answer> ask(TrainedModel model, List<Question> questions) {
        Tokenizer tokenizer = model.tokenizer();
        int longest = questions.stream()
                .mapToInt(question -> tokenizer.encode(question.answer()).length)
                .max()
                .orElse(1);
        List<Integer> stop = tokenizer.endOfTextId() < 0 ? List.of() : List.of(tokenizer.endOfTextId());
        List<int[]> prompts = questions.stream()
                .map(question -> tokenizer.encode(question.prompt()))
                .toList();
        try (Generator generator = model.generator(BATCH)) {
            List<int[]> given = generator.generate(prompts, Sampling.greedy(2 * longest, stop));
            List<Answer> answers = new ArrayList<>();
            for (int i = 0; i < given.size(); i++) {
                byte[] text = tokenizer.decode(given.get(i), 0, given.get(i).length);
                answers.add(new Answer(questions.get(i), new String(text, StandardCharsets.UTF_8)));
            }
            return answers;
        }
    }

    /** Share of right answers per language, in [0, 1], sorted by language. */
    public static Map<String, Double> byLanguage(List<Answer> answers) {
        Map<String, int[]> counts = new TreeMap<>();
        for (Answer answer : answers) {
            int[] count = counts.computeIfAbsent(answer.question().language(), language -> new int[2]);
            count[0] += answer.right() ? 1 : 0;
            count[1]++;
        }
        Map<String, Double> shares = new TreeMap<>();
        counts.forEach((language, count) -> shares.put(language, (double) count[0] / count[1]));
        return shares;
    }
}
