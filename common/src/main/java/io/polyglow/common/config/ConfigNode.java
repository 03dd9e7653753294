package io.polyglow.common.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;

/** YAML as a tree in which every value knows where it was written: {@code file:line}, or the {@code --set} that put it there. */
sealed interface ConfigNode {
    /** Where the key of this value stands, or the value itself if it has no key. */
    String place();

    /** What a user would call it. */
    String describe();

    /** Text; its type is decided by the record component it is bound to, never guessed from its looks. */
    record Scalar(String text, boolean quoted, String place) implements ConfigNode {
        private static final Set<String> NULLS = Set.of("", "~", "null", "Null", "NULL");

        boolean isNull() {
            return !quoted && NULLS.contains(text);
        }

        @Override
        public String describe() {
            if (isNull()) {
                return "nothing";
            }
            return "'" + (text.length() <= 60 ? text : text.substring(0, 60) + "...") + "'";
        }
    }

    /** A list. */
    record Sequence(List<ConfigNode> items, String place) implements ConfigNode {
        @Override
        public String describe() {
            return "a list";
        }
    }

    /** Keys and values in the order of the file. */
    record Mapping(LinkedHashMap<String, ConfigNode> entries, String place) implements ConfigNode {
        @Override
        public String describe() {
            return "keys and values";
        }
    }
}
