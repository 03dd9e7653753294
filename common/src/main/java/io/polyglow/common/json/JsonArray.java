package io.polyglow.common.json;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A JSON array; see {@link JsonObject} for the types of values and the errors of the typed getters. */
public final class JsonArray {
    final List<@Nullable Object> values = new ArrayList<>();
    final JsonPlace place;

    /** An empty array, to be filled by {@link #add}. */
    public JsonArray() {
        this(new JsonPlace("(new array)"));
    }

    JsonArray(JsonPlace place) {
        this.place = place;
    }

    /** Number of values. */
    public int size() {
        return values.size();
    }

    /** The value at {@code index}. */
    public @Nullable Object get(int index) {
        return values.get(index);
    }

    /** Appends what {@link JsonObject#put} accepts. */
    public JsonArray add(@Nullable Object value) {
        values.add(JsonValues.accept(value));
        return this;
    }

    /** A string. */
    public String getString(int index) {
        return JsonValues.string(values.get(index), place.child(index));
    }

    /** A whole number in {@code [min, max]}. */
    public long getLong(int index, long min, long max) {
        return JsonValues.whole(values.get(index), place.child(index), min, max);
    }

    /** A number. */
    public double getDouble(int index) {
        return JsonValues.number(values.get(index), place.child(index));
    }

    /** A nested object. */
    public JsonObject getObject(int index) {
        return JsonValues.object(values.get(index), place.child(index));
    }

    /** A nested array. */
    public JsonArray getArray(int index) {
        return JsonValues.array(values.get(index), place.child(index));
    }

    /** All values as strings. */
    public List<String> strings() {
        return view(this::getString);
    }

    /** All values as objects. */
    public List<JsonObject> objects() {
        return view(this::getObject);
    }

    /** All values as whole numbers. */
    public long[] longs() {
        long[] result = new long[size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = getLong(i, Long.MIN_VALUE, Long.MAX_VALUE);
        }
        return result;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JsonArray that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return JsonWriter.write(this, false);
    }

    private <T> List<T> view(IntFunction<T> getter) {
        return new AbstractList<>() {
            @Override
            public T get(int index) {
                return getter.apply(index);
            }

            @Override
            public int size() {
                return values.size();
            }
        };
    }
}
