package io.polyglow.dataprep.filter;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Puts records of optional values on one another, component by component. */
final class Layers {
    private Layers() {}

    /** {@code above}, with what it leaves out from {@code below}. */
    static <T extends Record> T merge(Class<T> type, T below, T above) {
        RecordComponent[] components = type.getRecordComponents();
        @Nullable
        Object[] values = Arrays.stream(components)
                .map(component -> value(component, below, above))
                .toArray();
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make " + type, e);
        }
    }

    private static @Nullable Object value(RecordComponent component, Record below, Record above) {
        Object lower = read(component, below);
        Object upper = read(component, above);
        if (lower instanceof Record section && upper instanceof Record) {
            return mergeSections(section.getClass(), section, upper);
        }
        return upper == null ? lower : upper;
    }

    private static <T extends Record> T mergeSections(Class<T> type, Object below, Object above) {
        return merge(type, type.cast(below), type.cast(above));
    }

    private static @Nullable Object read(RecordComponent component, Record record) {
        try {
            return component.getAccessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
    }
}
