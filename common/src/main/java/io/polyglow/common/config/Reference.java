package io.polyglow.common.config;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** The list of all keys of a config, generated from its records. */
final class Reference {
    private Reference() {}

    /** One paragraph a key: its path, type, range and default on the first line, its meaning on the second. */
    static String text(Class<?> type) {
        StringBuilder out = new StringBuilder();
        visit(type, "", (path, key) -> {
            out.append(path)
                    .append(": ")
                    .append(key.describeType())
                    .append("; ")
                    .append(fallback(key))
                    .append('\n');
            if (!key.doc().isEmpty()) {
                out.append("    ").append(key.doc()).append('\n');
            }
        });
        return out.toString();
    }

    /** The paths of all keys that hold values, e.g. {@code layout.data}; keys of sections in a list contain {@code []}. */
    static List<String> leaves(Class<?> type) {
        List<String> leaves = new ArrayList<>();
        visit(type, "", (path, key) -> leaves.add(path));
        return leaves;
    }

    private static void visit(Class<?> type, String prefix, BiConsumer<String, Key> visitor) {
        for (Key key : Key.of(type)) {
            String path = prefix + key.name();
            Type keyType = key.type();
            if (keyType instanceof Class<?> section && section.isRecord()) {
                visit(section, path + ".", visitor);
            } else {
                visitor.accept(path, key);
                visitElements(keyType, path, visitor);
            }
        }
    }

    private static void visitElements(Type type, String path, BiConsumer<String, Key> visitor) {
        if (Key.isList(type) && Key.isSection(Key.argument(type, 0))) {
            visit((Class<?>) Key.argument(type, 0), path + "[].", visitor);
        } else if (Key.isMap(type) && Key.isSection(Key.argument(type, 1))) {
            visit((Class<?>) Key.argument(type, 1), path + ".*.", visitor);
        }
    }

    private static String fallback(Key key) {
        if (key.defaultYaml() != null) {
            return "default " + key.defaultYaml();
        }
        return key.optional() ? "optional" : "required";
    }
}
