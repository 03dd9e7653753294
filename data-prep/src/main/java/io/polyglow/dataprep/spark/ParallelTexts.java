package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.language.LanguageLabel;
import io.polyglow.dataprep.language.Scripts;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import io.polyglow.dataprep.read.Readers;
import io.polyglow.dataprep.tokenize.Fertility;
import io.polyglow.dataprep.tokenize.FertilityCounts;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;

/**
 * Translations of one text, which premiums are measured on ({@code tokenizer.premium-texts}): a file a language, named by it. Files that no language names are passed over. The driver
 * reads them, one at a time: each is the length of a document, and only those in languages of the corpus are read.
 */
final class ParallelTexts {
    private static final String KEY = "tokenizer.premium-texts: ";
    private static final ReadOptions OPTIONS = new ReadOptions("", "", "", "", "", 64 << 20);

    private ParallelTexts() {}

    /** The files of a directory, sorted by name. */
    static List<InputFile> files(Configuration conf, String directory) {
        List<InputFile> files;
        try {
            files = InputFiles.list(conf, directory, null);
        } catch (PolyglowException e) {
            throw new PolyglowException(e.kind(), KEY + e.getMessage(), e);
        }
        List<InputFile> named = files.stream()
                .filter(file -> file.format() == Format.TEXT || file.format() == Format.HTML)
                .filter(file -> named(file).isPresent())
                .toList();
        if (named.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    KEY + "no .txt or .html file of " + directory
                            + " is named by a language. Name them by their languages, as in deu.html or eng_Latn.txt.");
        }
        return named;
    }

    private static Optional<LanguageLabel> named(InputFile file) {
        String name = file.source().substring(file.source().lastIndexOf('/') + 1);
        return LanguageLabel.parse(name.substring(0, name.indexOf('.')));
    }

    /** What the texts in {@code languages} cost, by label. */
    static Map<String, FertilityCounts> measure(
            Configuration conf, List<InputFile> files, Tokenizer tokenizer, Set<String> languages) {
        Fertility fertility = new Fertility(tokenizer);
        Map<String, FertilityCounts> counts = new TreeMap<>();
        for (InputFile file : files) {
            LanguageLabel label = named(file).orElseThrow();
            if (languages.stream().anyMatch(language -> language.startsWith(label.language() + "_"))) {
                String text = text(conf, file);
                String language = label.writtenIn(Scripts.dominant(text)).toString();
                if (languages.contains(language)) {
                    counts.merge(language, fertility.measure(text), FertilityCounts::plus);
                }
            }
        }
        if (counts.isEmpty() && !files.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    KEY + "none of the texts is in a language of the corpus or of tokenizer.premium-reference: "
                            + new TreeSet<>(languages) + ". Add translations, or leave the key out.");
        }
        return counts;
    }

    private static String text(Configuration conf, InputFile file) {
        RawDocument document;
        try {
            document = Readers.readFile(
                            file.format(),
                            file.compression(),
                            file.source(),
                            Locations.open(file.path(), 0, conf),
                            OPTIONS)
                    .next();
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA, KEY + file.path() + " cannot be read: " + e.getMessage() + ".", e);
        }
        String text = document.text();
        if (text == null || text.isBlank()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    KEY + file.path() + " gives no text"
                            + (document.rejected() == null ? "" : ": " + document.rejected())
                            + ". Mend the file or take it away.");
        }
        return text;
    }
}
