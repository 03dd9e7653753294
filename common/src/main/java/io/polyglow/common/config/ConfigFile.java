package io.polyglow.common.config;

import io.polyglow.common.config.ConfigNode.Mapping;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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

    private ConfigFile() {}

    /** Reads and loads a local file; {@code overrides} are {@code a.b=value}, the last one wins. */
    public static <T extends Record> Resolved<T> read(Class<T> type, Path file, List<String> overrides) {
        return load(type, file.toString(), text(file), overrides);
    }

    /** Loads text that came from {@code fileName}. */
    public static <T extends Record> Resolved<T> load(
            Class<T> type, String fileName, String yaml, List<String> overrides) {
        Problems problems = new Problems(fileName);
        ConfigNode node = YamlReader.read(yaml, line -> fileName + ":" + line, problems);
        T value = node == null ? null : bind(type, node, overrides, problems);
        problems.throwIfAny();
        if (value == null) {
            throw new IllegalStateException(type + " was not built, and no problem was reported");
        }
        return of(value);
    }

    /** The resolved form of a record made by code. */
    public static <T extends Record> Resolved<T> of(T value) {
        String yaml = YamlWriter.write(value);
        return new Resolved<>(value, yaml, sha256(yaml));
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
            String what =
                    file + ": no such file (looked for " + file.toAbsolutePath().normalize() + ").";
            throw new PolyglowException(ErrorKind.USAGE, what, e);
        } catch (CharacterCodingException e) {
            throw new PolyglowException(ErrorKind.USAGE, file + ": not UTF-8 text. Save the config as UTF-8.", e);
        } catch (IOException e) {
            throw new PolyglowException(ErrorKind.USAGE, file + ": cannot be read: " + e.getMessage() + ".", e);
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
