package io.polyglow.common.json;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object in insertion order. Values are {@link JsonObject}, {@link JsonArray}, {@link String}, {@link Long}, {@link Double}, {@link Boolean} or
 * null. The typed getters throw a {@link ErrorKind#DATA} error that names the file and the path when the value is missing or of another type; the
 * two-argument ones answer their default when it is missing or null. Not safe for use by several threads while it changes.
 */
public final class JsonObject {
    final Map<String, @Nullable Object> values = new LinkedHashMap<>();
    final JsonPlace place;

    /** An empty object, to be filled by {@link #put}. */
    public JsonObject() {
        this(new JsonPlace("(new object)"));
    }

    JsonObject(JsonPlace place) {
        this.place = place;
    }

    /** The names, in order. */
    public Set<String> names() {
        return values.keySet();
    }

    /** Whether the name is there, be its value null or not. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** The value, or null when the name is missing. */
    public @Nullable Object get(String name) {
        return values.get(name);
    }

    /** Sets a value: a string, boolean, number, {@link JsonObject}, {@link JsonArray}, {@link Iterable}, {@link Map} with string keys, or null. */
    public JsonObject put(String name, @Nullable Object value) {
        values.put(name, JsonValues.accept(value));
        return this;
    }

    /** A string. */
    public String getString(String name) {
        return JsonValues.string(required(name), place.child(name));
    }

    /** A string, or the default. */
    public String getString(String name, String otherwise) {
        return values.get(name) == null ? otherwise : getString(name);
    }

    /** A whole number. */
    public long getLong(String name) {
        return getLong(name, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /** A whole number in {@code [min, max]}. */
    public long getLong(String name, long min, long max) {
        return JsonValues.whole(required(name), place.child(name), min, max);
    }

    /** A whole number that fits an int. */
    public int getInt(String name) {
        return getInt(name, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /** A whole number in {@code [min, max]}. */
    public int getInt(String name, int min, int max) {
        return (int) getLong(name, min, max);
    }

    /** A number. */
    public double getDouble(String name) {
        return JsonValues.number(required(name), place.child(name));
    }

    /** A number, or the default. */
    public double getDouble(String name, double otherwise) {
        return values.get(name) == null ? otherwise : getDouble(name);
    }

    /** True or false. */
    public boolean getBoolean(String name) {
        return JsonValues.bool(required(name), place.child(name));
    }

    /** True or false, or the default. */
    public boolean getBoolean(String name, boolean otherwise) {
        return values.get(name) == null ? otherwise : getBoolean(name);
    }

    /** A nested object. */
    public JsonObject getObject(String name) {
        return JsonValues.object(required(name), place.child(name));
    }

    /** A nested array. */
    public JsonArray getArray(String name) {
        return JsonValues.array(required(name), place.child(name));
    }

    /** Refuses names other than the given ones: for formats where an unknown name means "too new to read safely". */
    public void refuseUnknown(Set<String> known) {
        for (String name : values.keySet()) {
            if (!known.contains(name)) {
                throw place.child(name).problem("unknown name; this version knows " + known + ".");
            }
        }
    }

    /** An error about the value of {@code name}, for rules that only the caller knows; {@code what} ends with a full stop. */
    public PolyglowException problem(String name, String what) {
        return place.child(name).problem(what);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JsonObject that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return Json.line(this);
    }

    private Object required(String name) {
        Object value = values.get(name);
        if (value == null) {
            throw place.child(name).problem(values.containsKey(name) ? "must not be null." : "missing.");
        }
        return value;
    }
}
