package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.dataprep.clean.TextNormalizer;
import io.polyglow.dataprep.language.LanguageLabel;
import io.polyglow.dataprep.language.Scripts;
import io.polyglow.trainer.eval.ExactMatch;
import io.polyglow.trainer.eval.HeldOutLoss;
import io.polyglow.trainer.eval.TrainedModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow evaluate}: how good is a run's model. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures a run's newest checkpoint: loss on held-out text, over all and by language, and, with --questions,"
                    + " the share of questions that it answers exactly."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow evaluate runs/nano",
            "  polyglow evaluate runs/numbers --questions numbers/heldout.jsonl --json"
        })
final class EvaluateCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "RUN", description = "The run directory.")
    private String run;

    @Option(names = "--data", paramLabel = "CORPUS", description = "Corpus to evaluate on. Default: the run's own.")
    private @Nullable String data;

    @Option(
            names = "--sequences",
            defaultValue = "2147483647",
            paramLabel = "N",
            description = "Held-out windows to use at most. Default: all.")
    private int sequences;

    @Option(
            names = "--questions",
            paramLabel = "FILE",
            description = "JSON lines with language, prompt and answer, such as sample's heldout.jsonl.")
    private @Nullable Path questions;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    EvaluateCommand(Console console) {
        this.console = console;
    }

    /** What was measured; {@code answers} is empty without questions. */
    record Report(long step, HeldOutLoss heldOut, List<ExactMatch.Answer> answers) {
        /** Mean over languages of the share of exact answers. */
        double meanExactMatch() {
            return ExactMatch.byLanguage(answers).values().stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElse(0);
        }

        JsonObject json() {
            JsonObject result = new JsonObject()
                    .put("step", step)
                    .put("validation_loss", heldOut.loss())
                    .put("validation_tokens", heldOut.tokens())
                    .put("validation_loss_by_language", heldOut.byLanguage());
            return answers.isEmpty()
                    ? result
                    : result.put("exact_match", meanExactMatch())
                            .put("exact_match_by_language", ExactMatch.byLanguage(answers));
        }
    }

    @Override
    public Integer call() throws IOException {
        if (sequences < 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "--sequences " + sequences + ": at least one held-out window is needed.");
        }
        try (Locations locations = new Locations()) {
            List<ExactMatch.Question> asked = questions == null ? List.of() : read(questions);
            Report report = Models.use(
                    locations.resolve(run),
                    model -> measure(
                            model,
                            locations.resolve(data == null ? model.config().data() : data),
                            sequences,
                            asked));
            if (json) {
                console.line(Json.pretty(report.json()));
            } else {
                print(console, report);
            }
            return 0;
        }
    }

    static Report measure(TrainedModel model, String data, int sequences, List<ExactMatch.Question> questions)
            throws IOException {
        try (Store store = Stores.open(data)) {
            HeldOutLoss heldOut = model.heldOutLoss(TokenDataset.open(store, ""), sequences);
            List<ExactMatch.Answer> answers = questions.isEmpty() ? List.of() : ExactMatch.ask(model, questions);
            return new Report(model.checkpoint().manifest().step(), heldOut, answers);
        }
    }

    static void print(Console console, Report report) {
        console.line(String.format(
                Locale.ROOT,
                "Step %d: held-out loss %.4f nats per token over %,d tokens",
                report.step(),
                report.heldOut().loss(),
                report.heldOut().tokens()));
        Map<String, Double> exact = ExactMatch.byLanguage(report.answers());
        List<List<String>> rows = new ArrayList<>();
        TreeSet<String> languages = new TreeSet<>(report.heldOut().byLanguage().keySet());
        languages.addAll(exact.keySet());
        for (String language : languages) {
            List<String> row = new ArrayList<>(List.of(
                    language, number("%.4f", report.heldOut().byLanguage().get(language))));
            if (!exact.isEmpty()) {
                Double share = exact.get(language);
                row.add(number("%.0f %%", share == null ? null : share * 100));
            }
            rows.add(row);
        }
        console.table(exact.isEmpty() ? List.of("language", "loss") : List.of("language", "loss", "exact match"), rows);
        if (!exact.isEmpty()) {
            console.line(String.format(
                    Locale.ROOT, "Exact match, mean over languages: %.1f %%", report.meanExactMatch() * 100));
        }
    }

    private static String number(String format, @Nullable Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, format, value);
    }

    static List<ExactMatch.Question> read(Path file) {
        List<ExactMatch.Question> questions = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonObject question =
                        Json.parseObject(file + ":" + (questions.size() + 1), line.getBytes(StandardCharsets.UTF_8));
                questions.add(new ExactMatch.Question(
                        label(question.getString("language")),
                        TextNormalizer.normalize(question.getString("prompt")),
                        TextNormalizer.normalize(question.getString("answer"))));
            }
            return questions;
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA, "The questions " + file + " cannot be read: " + Reasons.of(e) + ".", e);
        }
    }

    /** As prepare labels documents, so that questions and losses of a language stand in one line. */
    private static String label(String stated) {
        return LanguageLabel.parse(stated)
                .map(label -> label.writtenIn(Scripts.UNKNOWN).toString())
                .orElse(stated);
    }
}
