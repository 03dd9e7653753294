package io.polyglow.dataprep.language;

import io.polyglow.dataprep.language.fasttext.FastTextModel;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Identifiers by name. A model file is opened once per process and shared. */
public final class LanguageModels {
    private static final ConcurrentMap<Path, FastTextModel> OPEN = new ConcurrentHashMap<>();

    private LanguageModels() {}

    /** Whether the name in a config is the bundled model, not a path. */
    public static boolean isBundled(String name) {
        return name.equals(OpenNlpIdentifier.NAME);
    }

    /** A new instance of the bundled identifier, for one thread. */
    public static LanguageIdentifier bundled() {
        return new OpenNlpIdentifier();
    }

    /** What tells the bundled identifier's answers from those of another release; of a model file, its SHA-256 does. */
    public static String bundledVersion() {
        return OpenNlpIdentifier.VERSION;
    }

    /** The identifier of a fastText model file; its name is the file's without extension. */
    public static LanguageIdentifier fastText(Path file) {
        FastTextModel model = OPEN.computeIfAbsent(file.toAbsolutePath().normalize(), FastTextModel::open);
        return new FastTextIdentifier(nameOf(file), model);
    }

    /** What the identifier of a config's model calls itself. */
    public static String nameOf(String model) {
        return isBundled(model) ? OpenNlpIdentifier.NAME : nameOf(Path.of(model));
    }

    private static String nameOf(Path file) {
        Path name = file.getFileName();
        return name == null ? file.toString() : name.toString().replaceFirst("\\.(bin|ftz)$", "");
    }
}
