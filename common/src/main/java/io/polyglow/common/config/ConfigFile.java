package io.polyglow.common.config;

import io.polyglow.common.config.ConfigNode.Mapping;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads a YAML file into records. Keys are kebab-case, components camelCase; types are {@code int, long, double, boolean, String}, enums (kebab-case),
 * records, and {@code List} or {@code Map<String, ...>} of these. A key is required unless it has a {@link Default} or is {@code @Nullable}; a section left
 * out is one with no keys set.
 *
 * <p>Nothing is guessed: unknown, duplicate and retired keys, wrong types, values out of {@link Range} and broken rules of {@link ConfigSection#validate}
 * are all reported in one {@link ErrorKind#USAGE} error, each with {@code file:line} or the {@code --set} that brought it.
 */
public final class ConfigFile {
    private static final long MAX_BYTES = 4 << 20;
    private static final String PLACEHOLDER = "required";

    private ConfigFile() {}

    /** Reads and loads a local file; {@code overrides} are {@code a.b=value}, the last one wins. */
    public static <T extends Record> Resolved<T> read(Class<T> type, Path file, List<String> overrides) {
        return load(type, file.toString(), text(file), overrides);
    }

    /** As {@link #read}, but texts of the top level may be missing while nothing else is wrong. */
    public static <T extends Record> Draft draft(Class<T> type, Path file, List<String> overrides) {
        String fileName = file.toString();
        String text = text(file);
        Problems problems = new Problems(fileName);
        List<Key> missing = missingTexts(type, text, overrides);
        List<String> all = new ArrayList<>(overrides);
        missing.forEach(key -> all.add(key.name() + "=" + PLACEHOLDER));
        T value = tryLoad(type, fileName, text, all, problems);
        if (value == null || !problems.isEmpty()) {
            missing.forEach(key -> problems.addAt(fileName, key.name(), Binder.missing(key)));
            problems.throwIfAny();
            throw new IllegalStateException(type + " was not built, and no problem was reported");
        }
        String yaml = YamlWriter.write(value);
        for (Key key : missing) {
            yaml = yaml.replaceFirst("(?m)^" + key.name() + ": " + PLACEHOLDER + "$", key.name() + ": # required");
        }
        return new Draft(yaml, missing.stream().map(Key::name).toList());
    }

    /** The required texts of the top level that neither the file nor an override gives. */
    private static List<Key> missingTexts(Class<?> type, String yaml, List<String> overrides) {
        Problems ignored = new Problems("");
        ConfigNode node = YamlReader.read(yaml, line -> "", ignored);
        Mapping root = node instanceof Mapping mapping ? mapping : new Mapping(new LinkedHashMap<>(), "");
        Overrides.apply(root, overrides, ignored);
        return Key.of(type).stream()
                .filter(key -> key.type() == String.class && key.defaultYaml() == null && !key.optional())
                .filter(key -> isMissing(root.entries().get(key.name())))
                .toList();
    }

    private static boolean isMissing(@Nullable ConfigNode node) {
        return node == null || (node instanceof ConfigNode.Scalar scalar && scalar.isNull());
    }

    /** Loads text that came from {@code fileName}. */
    public static <T extends Record> Resolved<T> load(
            Class<T> type, String fileName, String yaml, List<String> overrides) {
        Problems problems = new Problems(fileName);
        T value = tryLoad(type, fileName, yaml, overrides, problems);
        problems.throwIfAny();
        if (value == null) {
            throw new IllegalStateException(type + " was not built, and no problem was reported");
        }
        return of(value);
    }

    private static <T extends Record> @Nullable T tryLoad(
            Class<T> type, String fileName, String yaml, List<String> overrides, Problems problems) {
        ConfigNode node = YamlReader.read(yaml, line -> fileName + ":" + line, problems);
        return node == null ? null : bind(type, node, overrides, problems);
    }

    /** The resolved form of a record made by code. */
    public static <T extends Record> Resolved<T> of(T value) {
        String yaml = YamlWriter.write(value);
        return new Resolved<>(value, yaml, sha256(yaml));
    }

    /** The keys of the top level. */
    public static List<String> keys(Class<? extends Record> type) {
        return Key.of(type).stream().map(Key::name).toList();
    }

    /** All keys with types, ranges, defaults and meanings, as text for {@code --help}. */
    public static String reference(Class<? extends Record> type) {
        return Reference.text(type);
    }

    private static <T> @Nullable T bind(Class<T> type, ConfigNode node, List<String> overrides, Problems problems) {
        if (node instanceof ConfigNode.Scalar scalar && scalar.isNull()) {
            return bind(type, new Mapping(new LinkedHashMap<>(), node.place()), overrides, problems);
        }
        if (!(node instanceof Mapping root)) {
            problems.addAt(node.place(), "", "expected keys and values (key: value), found " + node.describe() + ".");
            return null;
        }
        Overrides.apply(root, overrides, problems);
        return Binder.bind(type, root, problems);
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new PolyglowException(
                        ErrorKind.USAGE, file + ": larger than " + MAX_BYTES + " bytes; is this a config?");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            String what = "there is no file " + file + " (looked for "
                    + file.toAbsolutePath().normalize() + ").";
            throw new PolyglowException(ErrorKind.USAGE, what, e);
        } catch (CharacterCodingException e) {
            throw new PolyglowException(ErrorKind.USAGE, file + ": not UTF-8 text. Save the config as UTF-8.", e);
        } catch (IOException e) {
            throw new PolyglowException(ErrorKind.USAGE, file + ": cannot be read: " + Reasons.of(e) + ".", e);
        }
    }

    private static String sha256(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
