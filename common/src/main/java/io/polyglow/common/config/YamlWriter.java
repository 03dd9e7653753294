package io.polyglow.common.config;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Writes a config record as YAML: one canonical text for equal records. */
final class YamlWriter {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z/](?:[A-Za-z0-9_./=+@-]|:(?=[A-Za-z0-9_./]))*");
    private static final Pattern LOOKS_TYPED = Pattern.compile("(?i)true|false|yes|no|on|off|y|n|null");

    private final StringBuilder out = new StringBuilder();

    private YamlWriter() {}

    static String write(Object section) {
        YamlWriter writer = new YamlWriter();
        writer.section(section, 0);
        return writer.out.toString();
    }

    private void section(Object section, int indent) {
        for (Key key : Key.of(section.getClass())) {
            entry(key.name(), key.read(section), indent);
        }
    }

    private void entry(String name, @Nullable Object value, int indent) {
        out.append(" ".repeat(indent)).append(name).append(':');
        if (value instanceof List<?> list && list.stream().anyMatch(YamlWriter::isNested)) {
            out.append('\n');
            list.forEach(item -> item(item, indent + 2));
        } else if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            out.append('\n');
            new TreeMap<>(map).forEach((key, each) -> entry(text((String) key), each, indent + 2));
        } else if (value instanceof Record && isNested(value)) {
            out.append('\n');
            section(value, indent + 2);
        } else {
            out.append(' ').append(inline(value)).append('\n');
        }
    }

    /** A section in a list: its first key stands on the line of the dash. */
    private void item(Object item, int indent) {
        int start = out.length();
        if (item instanceof Record) {
            section(item, indent + 2);
        } else {
            ((Map<?, ?>) item).forEach((key, each) -> entry(text((String) key), each, indent + 2));
        }
        out.setCharAt(start + indent, '-');
    }

    private static boolean isNested(@Nullable Object value) {
        return (value instanceof Record && value.getClass().getRecordComponents().length > 0)
                || (value instanceof Map<?, ?> map && !map.isEmpty());
    }

    private static String inline(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(", ", list.stream().map(YamlWriter::inline).toList()) + "]";
        }
        if (value instanceof Map<?, ?> || value instanceof Record) {
            return "{}";
        }
        if (value instanceof Double number) {
            return number(number);
        }
        if (value instanceof Enum<?> constant) {
            return Key.kebab(constant);
        }
        return value instanceof String text ? text(text) : value.toString();
    }

    /** The shortest decimal that reads back the same, on every JDK. */
    static String number(double value) {
        if (value == StrictMath.rint(value) && Math.abs(value) < 1e15) {
            return Long.toString((long) value);
        }
        return NumberOutput.toString(value, true);
    }

    private static String text(String text) {
        boolean plain =
                PLAIN.matcher(text).matches() && !LOOKS_TYPED.matcher(text).matches();
        return plain ? text : quoted(text);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (isPrintable(c)) {
                quoted.append(c);
            } else {
                quoted.append("\\u").append(Integer.toHexString(0x10000 | c), 1, 5);
            }
        }
        return quoted.append('"').toString();
    }

    private static boolean isPrintable(char c) {
        return c >= ' ' && !(c >= 0x7F && c <= 0xA0) && c != 0x2028 && c != 0x2029 && c != 0xFEFF && c < 0xFFFE;
    }
}
