package io.polyglow.common.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * Reads YAML as plain mappings, lists and text. What a config never needs and an attacker likes is refused: aliases, tags, several documents, duplicate
 * keys, deep nesting, megabytes.
 */
final class YamlReader {
    private static final int MAX_CHARS = 1 << 20;
    private static final int MAX_DEPTH = 32;

    private final IntFunction<String> placeOfLine;
    private final Problems problems;
    private final Parser parser;

    private YamlReader(String yaml, IntFunction<String> placeOfLine, Problems problems) {
        this.placeOfLine = placeOfLine;
        this.problems = problems;
        this.parser = new ParserImpl(new StreamReader(yaml), new LoaderOptions());
    }

    /**
     * The only document of {@code yaml}, or null after reporting why it cannot be read. An empty document is an empty mapping.
     *
     * @param placeOfLine how errors call a line, counted from 1
     */
    static @Nullable ConfigNode read(String yaml, IntFunction<String> placeOfLine, Problems problems) {
        if (yaml.length() > MAX_CHARS) {
            problems.addAt(
                    placeOfLine.apply(1), "", "longer than " + MAX_CHARS + " characters, too long for a config.");
            return null;
        }
        try {
            return new YamlReader(yaml, placeOfLine, problems).document();
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark();
            problems.addAt(
                    placeOfLine.apply(mark == null ? 1 : mark.getLine() + 1),
                    "",
                    "not valid YAML: " + e.getProblem() + ".");
        } catch (RefusedException e) {
            problems.addAt(placeOfLine.apply(e.line), "", e.what);
        } catch (YAMLException e) {
            problems.addAt(placeOfLine.apply(1), "", "not valid YAML: " + e.getMessage());
        }
        return null;
    }

    private ConfigNode document() {
        next();
        Event start = next();
        if (start.is(Event.ID.StreamEnd)) {
            return new ConfigNode.Mapping(new LinkedHashMap<>(), placeOfLine.apply(1));
        }
        Event first = next();
        ConfigNode root = node(first, placeOf(first), 0);
        next();
        Event end = next();
        if (!end.is(Event.ID.StreamEnd)) {
            throw refuse(end, "a second YAML document; a config is one document.");
        }
        return root;
    }

    private ConfigNode node(Event event, String place, int depth) {
        if (depth > MAX_DEPTH) {
            throw refuse(event, "nested deeper than " + MAX_DEPTH + " levels.");
        }
        if (event instanceof AliasEvent alias) {
            throw refuse(event, "alias *" + alias.getAnchor() + "; configs have no aliases, write the value out.");
        }
        if (event instanceof ScalarEvent scalar) {
            refuseTag(scalar, scalar.getTag());
            return new ConfigNode.Scalar(scalar.getValue(), scalar.getScalarStyle() != ScalarStyle.PLAIN, place);
        }
        refuseTag(event, ((CollectionStartEvent) event).getTag());
        return event.is(Event.ID.SequenceStart) ? sequence(place, depth) : mapping(place, depth);
    }

    private ConfigNode sequence(String place, int depth) {
        List<ConfigNode> items = new ArrayList<>();
        for (Event event = next(); !event.is(Event.ID.SequenceEnd); event = next()) {
            items.add(node(event, placeOf(event), depth + 1));
        }
        return new ConfigNode.Sequence(items, place);
    }

    private ConfigNode mapping(String place, int depth) {
        LinkedHashMap<String, ConfigNode> entries = new LinkedHashMap<>();
        for (Event event = next(); !event.is(Event.ID.MappingEnd); event = next()) {
            if (!(event instanceof ScalarEvent key)) {
                throw refuse(event, "a key must be text.");
            }
            String keyPlace = placeOf(key);
            ConfigNode earlier = entries.put(key.getValue(), node(next(), keyPlace, depth + 1));
            if (earlier != null) {
                problems.addAt(
                        keyPlace, key.getValue(), "duplicate key, already set at " + earlier.place() + "; keep one.");
            }
        }
        return new ConfigNode.Mapping(entries, place);
    }

    private Event next() {
        return parser.getEvent();
    }

    private String placeOf(Event event) {
        return placeOfLine.apply(event.getStartMark().getLine() + 1);
    }

    private static void refuseTag(Event event, @Nullable String tag) {
        if (tag != null && !tag.equals("!")) {
            throw refuse(event, "tag " + tag + "; configs have no tags, types follow from the key.");
        }
    }

    private static RefusedException refuse(Event event, String what) {
        return new RefusedException(event.getStartMark().getLine() + 1, what);
    }

    private static final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int line;
        private final String what;

        RefusedException(int line, String what) {
            super(what, null, false, false);
            this.line = line;
            this.what = what;
        }
    }
}
