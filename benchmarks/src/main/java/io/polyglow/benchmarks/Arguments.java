package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A command line of {@code --name value}, {@code --name=value} and flags. Unknown names are refused. */
final class Arguments {
    private final Map<String, String> values = new LinkedHashMap<>();

    /** Parses; {@code named} take a value, {@code flags} do not. */
    Arguments(List<String> line, Set<String> named, Set<String> flags) {
        for (int i = 0; i < line.size(); i++) {
            String word = line.get(i);
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (flags.contains(name) && equals < 0) {
                values.put(name, "true");
            } else if (!named.contains(name)) {
                throw usage(word + " is not known; there are " + String.join(", ", named) + ", "
                        + String.join(", ", flags));
            } else if (equals >= 0) {
                values.put(name, word.substring(equals + 1));
            } else if (i + 1 == line.size()) {
                throw usage(name + " needs a value");
            } else {
                values.put(name, line.get(++i));
            }
        }
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    @Nullable
    String text(String name) {
        return values.get(name);
    }

    int number(String name, int otherwise) {
        String text = values.get(name);
        if (text == null) {
            return otherwise;
        }
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw usage(name + " " + text + " is not a whole number");
        }
    }

    private static PolyglowException usage(String message) {
        return new PolyglowException(ErrorKind.USAGE, message);
    }
}
