package io.polyglow.common.config;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One key of a config record, as its component declares it.
 *
 * @param name kebab-case
 * @param defaultYaml the {@link Default}, or null
 * @param optional whether the component is {@code @Nullable}
 */
record Key(
        String name,
        RecordComponent component,
        String doc,
        @Nullable String defaultYaml,
        @Nullable Range range,
        boolean optional) {
    static List<Key> of(Class<?> type) {
        List<Key> keys = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            keys.add(of(component));
        }
        return keys;
    }

    private static Key of(RecordComponent component) {
        Doc doc = component.getAnnotation(Doc.class);
        Default defaultValue = component.getAnnotation(Default.class);
        return new Key(
                kebab(component.getName()),
                component,
                doc == null ? "" : doc.value(),
                defaultValue == null ? null : defaultValue.value(),
                component.getAnnotation(Range.class),
                isNullable(component.getAnnotatedType()));
    }

    private static boolean isNullable(AnnotatedElement type) {
        return type.isAnnotationPresent(Nullable.class);
    }

    Type type() {
        return component.getGenericType();
    }

    @Nullable
    Object read(Object section) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(section);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
    }

    /** E.g. {@code whole number, at least 1}. */
    String describeType() {
        return describe(type()) + (range == null ? "" : ", " + describe(range));
    }

    static String describe(Range range) {
        if (range.min() == Double.NEGATIVE_INFINITY) {
            return "at most " + YamlWriter.number(range.max());
        }
        if (range.max() == Double.POSITIVE_INFINITY) {
            return "at least " + YamlWriter.number(range.min());
        }
        return YamlWriter.number(range.min()) + " to " + YamlWriter.number(range.max());
    }

    private static String describe(Type type) {
        if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
            return "whole number";
        }
        if (type == double.class || type == Double.class) {
            return "number";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type instanceof Class<?> c && c.isEnum()) {
            return String.join(" | ", constants(c).keySet());
        }
        if (isList(type)) {
            return "list of " + describe(argument(type, 0));
        }
        if (isMap(type)) {
            return "keys with " + describe(argument(type, 1));
        }
        return type == String.class ? "text" : "section";
    }

    static boolean isSection(Type type) {
        return type instanceof Class<?> c && c.isRecord();
    }

    static boolean isList(Type type) {
        return type instanceof ParameterizedType p && p.getRawType() == List.class;
    }

    static boolean isMap(Type type) {
        return type instanceof ParameterizedType p && p.getRawType() == Map.class;
    }

    static Type argument(Type type, int index) {
        return ((ParameterizedType) type).getActualTypeArguments()[index];
    }

    /** Kebab-case names of an enum's constants, in order. */
    static Map<String, Object> constants(Class<?> type) {
        return Arrays.stream(type.getEnumConstants())
                .collect(Collectors.toMap(c -> kebab((Enum<?>) c), c -> c, (a, b) -> a, LinkedHashMap::new));
    }

    static String kebab(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** {@code vocabSize} to {@code vocab-size}. */
    static String kebab(String camelCase) {
        return camelCase.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
