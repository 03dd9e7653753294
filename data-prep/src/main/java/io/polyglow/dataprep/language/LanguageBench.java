package io.polyglow.dataprep.language;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.text.BreakIterator;
import com.ibm.icu.util.ULocale;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import io.polyglow.dataprep.read.Readers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.agrona.concurrent.NanoClock;

/**
 * Measures an identifier on labelled texts: HTML pages whose {@code <html lang>} is the label (the files of the UDHR), each as a whole and sentence by sentence, and text files with a sentence a
 * line and the label as name ({@code de.txt}).
 */
public final class LanguageBench {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 1 << 26);
    private static final int MIN_LETTERS = 10;
    private static final int CONFUSIONS = 15;

    private final LanguageIdentifier identifier;
    private final LanguageAnnotator annotator;
    private final NanoClock clock;

    /** Measures with this identifier alone. */
    public LanguageBench(LanguageIdentifier identifier, NanoClock clock) {
        this.identifier = identifier;
        this.annotator = new LanguageAnnotator(List.of(identifier), LanguageConfig.DEFAULTS);
        this.clock = clock;
    }

    /** A text and the language that it is in. */
    record Labelled(LanguageLabel label, String text) {}

    /**
     * Reads all labelled files of the directories and asks about them.
     *
     * @throws PolyglowException of kind DATA when there are none
     */
    public JsonObject run(List<Path> directories) throws IOException {
        List<Labelled> documents = new ArrayList<>();
        List<Labelled> sentences = new ArrayList<>();
        for (Path directory : directories) {
            for (Path file : files(directory)) {
                read(file, documents, sentences);
            }
        }
        if (sentences.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "No labelled text in " + directories
                            + "; name directories of HTML pages with <html lang> or of text files named by language, such as de.txt.");
        }
        JsonObject result = new JsonObject()
                .put("model", identifier.model())
                .put("labels", identifier.labels().size());
        if (!documents.isEmpty()) {
            result.put("documents", measure(documents));
        }
        return result.put("sentences", measure(sentences));
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static void read(Path file, List<Labelled> documents, List<Labelled> sentences) throws IOException {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".html")) {
            RawDocument page = Readers.readFile(
                            Format.HTML, Compression.NONE, name, Files.newInputStream(file), OPTIONS)
                    .next();
            String read = page.text();
            String text = read == null ? "" : read;
            LanguageLabel.parse(page.metadata().pageLanguage()).ifPresent(label -> {
                documents.add(new Labelled(label, text));
                sentences(text).forEach(sentence -> sentences.add(new Labelled(label, sentence)));
            });
        } else if (name.endsWith(".txt")) {
            Optional<LanguageLabel> label = LanguageLabel.parse(name.substring(0, name.length() - ".txt".length()));
            if (label.isPresent()) {
                Files.readAllLines(file).stream()
                        .filter(line -> !line.isBlank())
                        .forEach(line -> sentences.add(new Labelled(label.get(), line)));
            }
        }
    }

    /** Sentences by UAX #29 within lines, with at least {@link #MIN_LETTERS} letters. */
    public static List<String> sentences(String text) {
        List<String> sentences = new ArrayList<>();
        BreakIterator breaks = BreakIterator.getSentenceInstance(ULocale.ROOT);
        text.lines().forEach(line -> {
            breaks.setText(line);
            int start = breaks.first();
            for (int end = breaks.next(); end != BreakIterator.DONE; start = end, end = breaks.next()) {
                String sentence = line.substring(start, end).strip();
                if (sentence.codePoints().filter(UCharacter::isUAlphabetic).count() >= MIN_LETTERS) {
                    sentences.add(sentence);
                }
            }
        });
        return sentences;
    }

    private JsonObject measure(List<Labelled> texts) {
        TreeSet<String> known = identifier.labels().stream()
                .map(LanguageLabel::language)
                .collect(Collectors.toCollection(TreeSet::new));
        LanguageAccuracy all = new LanguageAccuracy();
        LanguageAccuracy ofKnown = new LanguageAccuracy();
        texts.stream().limit(200).forEach(text -> annotator.identify(text.text())); // warms up
        long start = clock.nanoTime();
        List<String> answers = texts.stream()
                .map(text -> annotator.identify(text.text()).label().language())
                .toList();
        double seconds = (clock.nanoTime() - start) / 1e9;
        for (int i = 0; i < answers.size(); i++) {
            String expected = texts.get(i).label().language();
            all.add(expected, answers.get(i));
            if (known.contains(expected)) {
                ofKnown.add(expected, answers.get(i));
            }
        }
        return report(all).put("texts_per_second", texts.size() / seconds).put("known_languages", report(ofKnown));
    }

    private static JsonObject report(LanguageAccuracy accuracy) {
        JsonArray confusions = new JsonArray();
        accuracy.confusions(CONFUSIONS)
                .forEach(mistake -> confusions.add(String.format(
                        Locale.ROOT, "%s as %s: %d", mistake.expected(), mistake.answer(), mistake.texts())));
        return new JsonObject()
                .put("texts", accuracy.texts())
                .put("languages", accuracy.languages())
                .put("macro_accuracy", accuracy.macroAccuracy())
                .put("macro_f1", accuracy.macroF1())
                .put("confusions", confusions);
    }
}
