package io.polyglow.common.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The two tests that every config record has: its defaults are pinned, and every key is read. By reflection, so a new key cannot be forgotten. */
public final class ConfigAssertions {
    private ConfigAssertions() {}

    /** Pins the resolved form of {@code required}, a config that sets required keys only, and asks for a {@link Doc} on every key. */
    public static <T extends Record> void assertDefaults(Class<T> type, String required, String resolved) {
        assertThat(ConfigFile.load(type, "required.yaml", required, List.of()).yaml())
                .as("resolved defaults of %s", type.getSimpleName())
                .isEqualTo(resolved);
        assertThat(Reference.leaves(type)).doesNotHaveDuplicates();
        assertDocumented(type);
    }

    /**
     * Checks that {@code full} sets every key of the schema, each to something else than in {@code required}, and that the resolved form reads back as
     * an equal record with the same hash.
     */
    public static <T extends Record> void assertEveryKeyIsRead(Class<T> type, String required, String full) {
        Resolved<T> resolved = ConfigFile.load(type, "full.yaml", full, List.of());
        Map<String, @Nullable Object> plain = values(
                ConfigFile.load(type, "required.yaml", required, List.of()).value(), "");
        Map<String, @Nullable Object> set = values(resolved.value(), "");
        for (String leaf : Reference.leaves(type)) {
            if (!leaf.contains("[]") && !leaf.contains("*")) {
                assertThat(set).as("full.yaml must reach the key").containsKey(leaf);
                assertThat(set.get(leaf))
                        .as("full.yaml must set '%s' to another value than required.yaml or its default", leaf)
                        .isNotEqualTo(plain.get(leaf));
            }
        }
        Resolved<T> again = ConfigFile.load(type, "resolved.yaml", resolved.yaml(), List.of());
        assertThat(again.value()).isEqualTo(resolved.value());
        assertThat(again.sha256()).isEqualTo(resolved.sha256());
    }

    private static void assertDocumented(Class<?> type) {
        for (String paragraph : Reference.text(type).split("\n(?! )")) {
            assertThat(paragraph).as("every key has a @Doc").contains("\n    ");
        }
    }

    private static Map<String, @Nullable Object> values(Object section, String prefix) {
        Map<String, @Nullable Object> values = new TreeMap<>();
        for (Key key : Key.of(section.getClass())) {
            Object value = key.read(section);
            if (value != null && Key.isSection(key.type())) {
                values.putAll(values(value, prefix + key.name() + "."));
            } else {
                values.put(prefix + key.name(), value);
            }
        }
        return values;
    }
}
