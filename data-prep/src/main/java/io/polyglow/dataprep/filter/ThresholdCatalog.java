package io.polyglow.dataprep.filter;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The thresholds of every language: {@code default.yaml}, the language's own file, the user's file, and what the config says of all languages. Immutable. */
public final class ThresholdCatalog implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final String RESOURCES = "thresholds/";
    private static final String SUFFIX = ".yaml";
    private static final String DEFAULT = "default";

    private final Thresholds unlisted;
    private final TreeMap<String, Thresholds> languages;
    private final BadWordLists badWordLists;
    private transient @Nullable Map<String, StopWords> stopWords;
    private transient @Nullable Map<String, BadWords> badWords;

    private ThresholdCatalog(Thresholds unlisted, Map<String, Thresholds> languages, BadWordLists badWordLists) {
        this.unlisted = unlisted;
        this.badWordLists = badWordLists;
        this.languages = new TreeMap<>(languages);
    }

    /** What Polyglow brings. */
    public static ThresholdCatalog builtIn() {
        return of(ConfigFile.load(FilterConfig.class, "filter", "{}", List.of()).value());
    }

    /** What {@code config} asks for; reads its directories. */
    public static ThresholdCatalog of(FilterConfig config) {
        return files(config.thresholds()).with(config).withBadWords(config.badWords());
    }

    /** What the files say: Polyglow's own and above them those of a user's directory, if there is one. */
    public static ThresholdCatalog files(@Nullable String directory) {
        Thresholds base = resource(DEFAULT);
        Map<String, Thresholds> layers = new TreeMap<>();
        for (String language : resource("languages.txt", "").split("\n", -1)) {
            if (!language.isBlank()) {
                layers.put(language, resource(language).over(base));
            }
        }
        if (directory != null) {
            Map<String, Thresholds> own = directory(Path.of(directory));
            Thresholds ownBase = own.getOrDefault(DEFAULT, empty()).over(base);
            layers.replaceAll(
                    (language, values) -> own.getOrDefault(language, empty()).over(values));
            own.forEach((language, values) -> layers.putIfAbsent(language, values.over(ownBase)));
            base = ownBase;
        }
        layers.remove(DEFAULT);
        return new ThresholdCatalog(base, layers, BadWordLists.NONE);
    }

    /** These values below what {@code config} says of all languages; its directory is not read. */
    public ThresholdCatalog with(FilterConfig config) {
        Thresholds all = config.forAll();
        Map<String, Thresholds> layers = new TreeMap<>(languages);
        layers.replaceAll((language, values) -> all.over(values));
        return new ThresholdCatalog(all.over(unlisted), layers, badWordLists);
    }

    /** The same with the lists of bad words in a user's directory, if there is one: they are needed to annotate, not to decide. */
    public ThresholdCatalog withBadWords(@Nullable String directory) {
        return directory == null
                ? this
                : new ThresholdCatalog(unlisted, languages, BadWordLists.read(Path.of(directory)));
    }

    /** What {@link #json} wrote. */
    public static ThresholdCatalog parse(JsonObject json) {
        Map<String, Thresholds> layers = new TreeMap<>();
        for (String label : json.names()) {
            layers.put(
                    label,
                    ConfigFile.load(Thresholds.class, "thresholds of " + label, json.getString(label), List.of())
                            .value());
        }
        Thresholds unlisted = layers.remove(DEFAULT);
        if (unlisted == null) {
            throw json.problem(DEFAULT, "is missing.");
        }
        return new ThresholdCatalog(unlisted, layers, BadWordLists.NONE);
    }

    /** All values, each language's as YAML by its label, those of all others by {@code default}. */
    public JsonObject json() {
        JsonObject json = new JsonObject().put(DEFAULT, ConfigFile.of(unlisted).yaml());
        languages.forEach(
                (label, values) -> json.put(label, ConfigFile.of(values).yaml()));
        return json;
    }

    /** Every value of a language, {@code iso639-3_Script}. */
    public Thresholds of(String label) {
        return languages.getOrDefault(label, unlisted);
    }

    /** Languages with values of their own. */
    public List<String> languages() {
        return List.copyOf(languages.keySet());
    }

    /** All values as text: equal catalogs have equal ones. For keys of stages. */
    public String text() {
        StringBuilder out = new StringBuilder(ConfigFile.of(unlisted).yaml());
        languages.forEach((label, values) ->
                out.append(label).append(":\n").append(ConfigFile.of(values).yaml()));
        return out.toString();
    }

    /** The words of all languages as text, stop words and bad words: they decide {@link QualityAnnotator}'s numbers, the other values do not. */
    public String wordListsText() {
        StringBuilder out = new StringBuilder();
        languages.forEach((label, values) ->
                out.append(label).append(' ').append(values.stopWords()).append('\n'));
        out.append(unlisted.stopWords());
        String lists = badWordLists.text();
        return lists == null
                ? out.toString()
                : out.append("\nbad words ").append(lists).toString();
    }

    synchronized StopWords stopWords(String label) {
        if (stopWords == null) {
            stopWords = new TreeMap<>();
        }
        return stopWords.computeIfAbsent(label, each -> {
            List<String> words = of(each).stopWords();
            return words == null || words.isEmpty() ? StopWords.NONE : new StopWords(words);
        });
    }

    synchronized BadWords badWords(String label) {
        if (badWords == null) {
            badWords = new TreeMap<>();
        }
        return badWords.computeIfAbsent(label, badWordLists::of);
    }

    private static Thresholds empty() {
        return ConfigFile.load(Thresholds.class, "", "{}", List.of()).value();
    }

    private static Thresholds resource(String name) {
        return ConfigFile.load(Thresholds.class, name + SUFFIX, resource(name, SUFFIX), List.of())
                .value();
    }

    private static String resource(String name, String suffix) {
        String path = RESOURCES + name + suffix;
        try (InputStream in = ThresholdCatalog.class.getResourceAsStream(path)) {
            return new String(Objects.requireNonNull(in, path).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the resource " + path, e);
        }
    }

    private static Map<String, Thresholds> directory(Path directory) {
        Map<String, Thresholds> found = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.endsWith(SUFFIX)) {
                    found.put(
                            name.substring(0, name.length() - SUFFIX.length()),
                            ConfigFile.read(Thresholds.class, file, List.of()).value());
                }
            }
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The directory " + directory + " of filter.thresholds cannot be read: " + Reasons.of(e) + ".",
                    e);
        }
        return found;
    }
}
