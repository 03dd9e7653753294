package io.polyglow.common.json;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Conversions between JSON values and Java types, with errors that name the place. */
final class JsonValues {
    private JsonValues() {}

    /** Turns what callers hand in into one of the value types. */
    static @Nullable Object accept(@Nullable Object value) {
        if (value == null || isValue(value)) {
            return value;
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof Float number) {
            // through the shortest decimal, so that 0.1f is written as 0.1
            return finite(Double.parseDouble(number.toString()));
        }
        if (value instanceof Enum<?> constant) {
            return constant.toString();
        }
        if (value instanceof Map<?, ?> map) {
            JsonObject object = new JsonObject();
            map.forEach((name, each) -> object.put((String) name, each));
            return object;
        }
        if (value instanceof Iterable<?> items) {
            JsonArray array = new JsonArray();
            items.forEach(array::add);
            return array;
        }
        throw new IllegalArgumentException("not a JSON value: " + value.getClass());
    }

    static String string(@Nullable Object value, JsonPlace place) {
        return cast(String.class, value, place, "a string");
    }

    static boolean bool(@Nullable Object value, JsonPlace place) {
        return cast(Boolean.class, value, place, "true or false");
    }

    static double number(@Nullable Object value, JsonPlace place) {
        return cast(Number.class, value, place, "a number").doubleValue();
    }

    static long whole(@Nullable Object value, JsonPlace place, long min, long max) {
        long whole = cast(Long.class, value, place, "a whole number");
        if (whole < min || whole > max) {
            throw place.problem(whole + " is outside of [" + min + ", " + max + "].");
        }
        return whole;
    }

    static JsonObject object(@Nullable Object value, JsonPlace place) {
        return cast(JsonObject.class, value, place, "an object");
    }

    static JsonArray array(@Nullable Object value, JsonPlace place) {
        return cast(JsonArray.class, value, place, "an array");
    }

    private static boolean isValue(Object value) {
        if (value instanceof Double number) {
            finite(number);
        }
        return value instanceof String
                || value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof JsonObject
                || value instanceof JsonArray;
    }

    private static double finite(double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("JSON has no " + value);
        }
        return value;
    }

    private static <T> T cast(Class<T> type, @Nullable Object value, JsonPlace place, String expected) {
        if (!type.isInstance(value)) {
            throw place.problem("expected " + expected + ", found " + describe(value) + ".");
        }
        return type.cast(value);
    }

    private static String describe(@Nullable Object value) {
        if (value instanceof JsonObject) {
            return "an object";
        }
        if (value instanceof JsonArray) {
            return "an array";
        }
        if (value instanceof String text) {
            return "the string \"" + (text.length() <= 60 ? text : text.substring(0, 60) + "...") + "\"";
        }
        return String.valueOf(value);
    }
}
