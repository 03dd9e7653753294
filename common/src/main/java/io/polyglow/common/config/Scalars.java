package io.polyglow.common.config;

import io.polyglow.common.config.ConfigNode.Scalar;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Text to numbers, booleans, enum constants. Types come from the record, so {@code language: no} is Norwegian and {@code 1e-4} is a number. */
final class Scalars {
    private static final Pattern WHOLE = Pattern.compile("[-+]?[0-9][0-9_]{0,24}");
    private static final Pattern NUMBER =
            Pattern.compile("[-+]?([0-9][0-9_]*(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]{1,4})?");

    /** Why a scalar cannot be converted; the message ends with a full stop. */
    static final class MismatchException extends Exception {
        private static final long serialVersionUID = 1L;

        MismatchException(String message) {
            super(message);
        }
    }

    private Scalars() {}

    static Object convert(Scalar scalar, Type type, @Nullable Range range) throws MismatchException {
        if (type == String.class) {
            return scalar.text();
        }
        if (type instanceof Class<?> c && c.isEnum()) {
            return constant(scalar, c);
        }
        if (scalar.quoted()) {
            throw new MismatchException("found quoted text \"" + scalar.text() + "\"; remove the quotes.");
        }
        if (type == boolean.class || type == Boolean.class) {
            return bool(scalar);
        }
        if (type == double.class || type == Double.class) {
            return inRange(number(scalar), range);
        }
        long whole = whole(scalar, type);
        inRange((double) whole, range);
        return isInt(type) ? (Object) (int) whole : (Object) whole;
    }

    private static Object constant(Scalar scalar, Class<?> type) throws MismatchException {
        Map<String, Object> constants = Key.constants(type);
        Object constant = constants.get(scalar.text());
        if (constant == null) {
            throw new MismatchException("unknown value " + scalar.describe() + ", must be one of "
                    + String.join(", ", constants.keySet()) + "." + Suggestion.of(scalar.text(), constants.keySet()));
        }
        return constant;
    }

    private static boolean bool(Scalar scalar) throws MismatchException {
        return switch (scalar.text()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new MismatchException("expected true or false, found " + scalar.describe() + ".");
        };
    }

    private static double number(Scalar scalar) throws MismatchException {
        if (!NUMBER.matcher(scalar.text()).matches()) {
            throw new MismatchException("expected a number, found " + scalar.describe() + ".");
        }
        double number = Double.parseDouble(scalar.text().replace("_", ""));
        if (Double.isInfinite(number)) {
            throw new MismatchException(scalar.describe() + " is beyond the range of a double.");
        }
        return number;
    }

    private static long whole(Scalar scalar, Type type) throws MismatchException {
        if (!WHOLE.matcher(scalar.text()).matches()) {
            throw new MismatchException("expected a whole number, found " + scalar.describe() + ".");
        }
        try {
            String digits = scalar.text().replace("_", "");
            return isInt(type) ? Integer.parseInt(digits) : Long.parseLong(digits);
        } catch (NumberFormatException e) {
            int bits = isInt(type) ? 32 : 64;
            throw new MismatchException(scalar.describe() + " does not fit " + bits + " bits.");
        }
    }

    private static double inRange(double value, @Nullable Range range) throws MismatchException {
        if (range != null && (value < range.min() || value > range.max())) {
            throw new MismatchException(
                    YamlWriter.number(value) + " is out of range, must be " + Key.describe(range) + ".");
        }
        return value;
    }

    private static boolean isInt(Type type) {
        return type == int.class || type == Integer.class;
    }
}
