package io.polyglow.dataprep.language;

import io.polyglow.dataprep.language.fasttext.FastTextModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        return OpenNlpIdentifier.version();
    }

    /** The identifier of a fastText model file; its name is the file's without extension. */
    public static LanguageIdentifier fastText(Path file) {
        return fastText(file, name(file, 1));
    }

    /** The identifier of a fastText model file under a name, see {@link #names}. */
    public static LanguageIdentifier fastText(Path file, String name) {
        FastTextModel model = OPEN.computeIfAbsent(file.toAbsolutePath().normalize(), FastTextModel::open);
        return new FastTextIdentifier(name, model);
    }

    /**
     * What the identifiers of a config's models call themselves, by which their opinions are told apart: files by their names without extension, those that share one ({@code glotlid/model.bin},
     * {@code openlid/model.bin}) with as many of the folders above as it takes.
     */
    public static List<String> names(List<String> models) {
        List<String> names = new ArrayList<>();
        for (String model : models) {
            int parts = 1;
            while (parts < Path.of(model).getNameCount() && isShared(model, parts, models)) {
                parts++;
            }
            names.add(isBundled(model) ? model : name(Path.of(model), parts));
        }
        return List.copyOf(names);
    }

    private static boolean isShared(String model, int parts, List<String> models) {
        String name = name(Path.of(model), parts);
        return models.stream()
                .anyMatch(other ->
                        !other.equals(model) && name(Path.of(other), parts).equals(name));
    }

    /** The last names of a path, without extension. */
    private static String name(Path file, int parts) {
        int count = file.getNameCount();
        return count == 0
                ? file.toString()
                : file.subpath(Math.max(0, count - parts), count).toString().replaceFirst("\\.(bin|ftz)$", "");
    }
}
