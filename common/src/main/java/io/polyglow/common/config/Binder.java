package io.polyglow.common.config;

import io.polyglow.common.config.ConfigNode.Mapping;
import io.polyglow.common.config.ConfigNode.Scalar;
import io.polyglow.common.config.ConfigNode.Sequence;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Builds records from the tree, depth first, and goes on after a problem so that all of them are reported. */
final class Binder {
    /** Stands for a value that could not be built; the problem has been reported. */
    private static final Object FAILED = new Object();

    private final Class<?> root;
    private final Problems problems;

    private Binder(Class<?> root, Problems problems) {
        this.root = root;
        this.problems = problems;
    }

    /** The record, or null after reporting why not. */
    static <T> @Nullable T bind(Class<T> type, Mapping node, Problems problems) {
        Object value = new Binder(type, problems).section(type, node, "");
        return value == FAILED ? null : type.cast(value);
    }

    private Object section(Class<?> type, Mapping node, String path) {
        List<Key> keys = Key.of(type);
        refuseUnknown(type, keys, node, path);
        @Nullable Object[] values = new @Nullable Object[keys.size()];
        boolean failed = false;
        for (int i = 0; i < values.length; i++) {
            Key key = keys.get(i);
            ConfigNode child = node.entries().get(key.name());
            String keyPath = join(path, key.name());
            values[i] = child == null ? absent(key, keyPath, node.place()) : present(key, child, keyPath);
            failed |= values[i] == FAILED;
        }
        return failed ? FAILED : create(type, values, path, node.place());
    }

    private @Nullable Object present(Key key, ConfigNode node, String path) {
        problems.remember(path, node.place());
        if (node instanceof Scalar scalar && scalar.isNull()) {
            return key.optional() ? null : fail(node, path, "has no value; " + key.describeType() + ".");
        }
        return value(key.type(), node, path, key.range());
    }

    private @Nullable Object absent(Key key, String path, String place) {
        if (key.defaultYaml() != null) {
            return present(key, defaultOf(key, key.defaultYaml(), place), path);
        }
        if (key.optional()) {
            return null;
        }
        if (key.type() instanceof Class<?> c && c.isRecord()) {
            return section(c, new Mapping(new LinkedHashMap<>(), place), path);
        }
        problems.addAt(place, path, missing(key));
        return FAILED;
    }

    /** What to say of a required key that is not there. */
    static String missing(Key key) {
        return "missing; " + key.describeType() + ". " + key.doc();
    }

    private ConfigNode defaultOf(Key key, String yaml, String place) {
        ConfigNode node = YamlReader.read(yaml, line -> place, problems);
        if (node == null) {
            throw new IllegalStateException("@Default of " + key.component() + " is not YAML: " + yaml);
        }
        return node;
    }

    private Object value(Type type, ConfigNode node, String path, @Nullable Range range) {
        if (type instanceof Class<?> c && c.isRecord()) {
            return node instanceof Mapping mapping ? section(c, mapping, path) : mismatch("keys below it", node, path);
        }
        if (Key.isList(type)) {
            return list(Key.argument(type, 0), node, path, range);
        }
        if (Key.isMap(type)) {
            return node instanceof Mapping mapping
                    ? map(Key.argument(type, 1), mapping, path, range)
                    : mismatch("keys and values", node, path);
        }
        if (!(node instanceof Scalar scalar) || scalar.isNull()) {
            return mismatch("one value", node, path);
        }
        try {
            return Scalars.convert(scalar, type, range);
        } catch (Scalars.MismatchException e) {
            return fail(node, path, String.valueOf(e.getMessage()));
        }
    }

    /** One value stands for a list of one, so that {@code --set input=a.txt} works. */
    private Object list(Type type, ConfigNode node, String path, @Nullable Range range) {
        List<ConfigNode> items = node instanceof Sequence sequence ? sequence.items() : List.of(node);
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            values.add(value(type, items.get(i), path + "[" + i + "]", range));
        }
        return values.contains(FAILED) ? FAILED : List.copyOf(values);
    }

    /** Sorted, so that nothing can depend on the order of keys in a file. */
    private Object map(Type type, Mapping node, String path, @Nullable Range range) {
        Map<String, Object> values = new TreeMap<>();
        node.entries().forEach((name, child) -> {
            problems.remember(join(path, name), child.place());
            values.put(name, value(type, child, join(path, name), range));
        });
        return values.containsValue(FAILED) ? FAILED : Collections.unmodifiableMap(values);
    }

    private Object create(Class<?> type, @Nullable Object[] values, String path, String place) {
        Object section;
        try {
            section = constructor(type).newInstance(values);
        } catch (InvocationTargetException e) {
            problems.addAt(place, path, reason(e));
            return FAILED;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot create " + type, e);
        }
        if (section instanceof ConfigSection checked) {
            checked.validate(problems.below(path));
        }
        return section;
    }

    /** What the compact constructor said. */
    private static String reason(InvocationTargetException e) {
        Throwable cause = e.getCause();
        return String.valueOf(cause == null ? e : cause.getMessage());
    }

    private static Constructor<?> constructor(Class<?> type) throws NoSuchMethodException {
        Class<?>[] parameters = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        Constructor<?> constructor = type.getDeclaredConstructor(parameters);
        constructor.setAccessible(true);
        return constructor;
    }

    private void refuseUnknown(Class<?> type, List<Key> keys, Mapping node, String path) {
        List<String> names = keys.stream().map(Key::name).toList();
        node.entries().forEach((name, child) -> {
            if (!names.contains(name)) {
                fail(child, join(path, name), advice(type, names, name));
            }
        });
    }

    private String advice(Class<?> type, List<String> names, String name) {
        for (Retired retired : type.getAnnotationsByType(Retired.class)) {
            if (retired.key().equals(name)) {
                return "no longer a key; " + retired.advice() + ".";
            }
        }
        String near = Suggestion.of(name, names);
        if (!near.isEmpty()) {
            return "unknown key." + near;
        }
        List<String> elsewhere = Reference.leaves(root).stream()
                .filter(leaf -> leaf.endsWith("." + name))
                .toList();
        return elsewhere.isEmpty()
                ? "unknown key; known here: " + String.join(", ", names) + "."
                : "unknown key. Did you mean '" + elsewhere.get(0) + "'?";
    }

    private Object mismatch(String expected, ConfigNode node, String path) {
        return fail(node, path, "expected " + expected + ", found " + node.describe() + ".");
    }

    private Object fail(ConfigNode node, String path, String message) {
        problems.addAt(node.place(), path, message);
        return FAILED;
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
