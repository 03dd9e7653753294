package io.polyglow.cli;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.language.LanguageBench;
import io.polyglow.dataprep.language.LanguageIdentifier;
import io.polyglow.dataprep.language.LanguageModels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.agrona.concurrent.SystemNanoClock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code polyglow bench language}: how often languages are recognised. */
@Command(
        name = "language",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures how often the language of labelled texts is recognised, each language counting once.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow bench language --input udhr --json",
            "  polyglow bench language --input sentences --model lid.176.ftz"
        })
final class LanguageBenchCommand implements Callable<Integer> {
    private final Console console;

    @Option(
            names = "--input",
            required = true,
            split = ",",
            paramLabel = "DIR",
            description =
                    "Folders of HTML pages with <html lang>, or of text files named by language (de.txt) with a sentence a line.")
    private List<Path> input = List.of();

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "opennlp, or the path of a supervised fastText model. Default: ${DEFAULT-VALUE}.")
    private String model = "opennlp";

    @Option(names = "--json", description = "Print one JSON object, with the most frequent mistakes.")
    private boolean json;

    LanguageBenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        LanguageIdentifier identifier =
                LanguageModels.isBundled(model) ? LanguageModels.bundled() : LanguageModels.fastText(Path.of(model));
        JsonObject result = new LanguageBench(identifier, SystemNanoClock.INSTANCE).run(input);
        if (json) {
            console.line(Json.line(result));
            return 0;
        }
        console.line(result.getString("model") + ": " + result.getLong("labels") + " labels");
        for (String kind : List.of("documents", "sentences")) {
            if (result.has(kind)) {
                console.line(line(kind, result.getObject(kind)));
            }
        }
        return 0;
    }

    private static String line(String kind, JsonObject all) {
        JsonObject known = all.getObject("known_languages");
        return String.format(
                Locale.ROOT,
                "%s: macro accuracy %.4f, macro F1 %.4f on %d texts of %d languages that the model knows; %.4f on all %d languages; %.0f texts/s",
                kind,
                known.getDouble("macro_accuracy"),
                known.getDouble("macro_f1"),
                known.getLong("texts"),
                known.getLong("languages"),
                all.getDouble("macro_accuracy"),
                all.getLong("languages"),
                all.getDouble("texts_per_second"));
    }
}
