package io.polyglow.dataprep.filter;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.dataprep.language.LanguageLabel;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The user's {@link BadWords}: a directory with a file for each language, {@code en}, {@code en.txt} or {@code eng_Latn.txt}, and a word or phrase on each line.
 * A file whose name states no script holds for all scripts of its language.
 */
final class BadWordLists implements Serializable {
    static final BadWordLists NONE = new BadWordLists(Map.of());

    private static final long serialVersionUID = 1L;
    private static final String SUFFIX = ".txt";

    /** Languages that C4 does not ask for the borders of words in. */
    private static final Set<String> WITHOUT_SPACES = Set.of("jpn", "tha", "cmn");

    /** Words that C4 takes out of the lists, as parts of too many harmless words. */
    private static final Map<String, Set<String>> ALLOWED =
            Map.of("jpn", Set.of("sm", "グロ", "女の子"), "cmn", Set.of("性"));

    private final TreeMap<String, List<String>> words;

    private BadWordLists(Map<String, List<String>> words) {
        this.words = new TreeMap<>(words);
    }

    /** Reads a directory; hidden files are passed over. */
    static BadWordLists read(Path directory) {
        TreeMap<String, List<String>> words = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                String name = String.valueOf(file.getFileName());
                if (!name.startsWith(".") && Files.isRegularFile(file)) {
                    LanguageLabel label = label(file, name);
                    words.computeIfAbsent(key(label), key -> new ArrayList<>()).addAll(lines(file, label));
                }
            }
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The directory " + directory + " of filter.bad-words cannot be read: " + Reasons.of(e) + ".",
                    e);
        }
        return new BadWordLists(words);
    }

    private static LanguageLabel label(Path file, String name) {
        String stem = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
        return LanguageLabel.parse(stem)
                .orElseThrow(() -> new PolyglowException(
                        ErrorKind.USAGE,
                        "The name of " + file
                                + " in filter.bad-words is no language. Name it by its code, such as en.txt or"
                                + " eng_Latn.txt, or take it out."));
    }

    private static String key(LanguageLabel label) {
        return label.equals(new LanguageLabel(label.language(), LanguageLabel.UNKNOWN.script()))
                ? label.language()
                : label.toString();
    }

    private static List<String> lines(Path file, LanguageLabel label) throws IOException {
        Set<String> allowed = ALLOWED.getOrDefault(label.language(), Set.of());
        try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
            return lines.map(String::strip)
                    .filter(line -> !line.isEmpty() && !allowed.contains(line))
                    .toList();
        }
    }

    /** The words of a language, {@code iso639-3_Script}. */
    BadWords of(String label) {
        String language = label.substring(0, Math.max(0, label.indexOf('_')));
        List<String> all = new ArrayList<>(words.getOrDefault(label, List.of()));
        all.addAll(words.getOrDefault(language, List.of()));
        return all.isEmpty() ? BadWords.NONE : new BadWords(all, WITHOUT_SPACES.contains(language));
    }

    /** All words as text, for keys of stages; null when there are none. */
    @Nullable
    String text() {
        return words.isEmpty() ? null : words.toString();
    }
}
