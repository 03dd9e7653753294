package io.polyglow.dataprep.spark;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.report.CorpusReport;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * Files of an input that are not read, since their names are of no known format.
 *
 * @param files how many
 * @param first sources of a few of them, in alphabetical order
 */
record PassedOver(long files, List<String> first) {
    static final PassedOver NONE = new PassedOver(0, List.of());

    private static final int NAMED = 5;

    PassedOver {
        first = List.copyOf(first);
    }

    /** Counts one more. */
    PassedOver plus(String source) {
        TreeSet<String> sorted = new TreeSet<>(first);
        sorted.add(source);
        return new PassedOver(files + 1, sorted.stream().limit(NAMED).toList());
    }

    /** What to tell the user; empty when there are none. */
    String text() {
        if (files == 0) {
            return "";
        }
        return String.format(
                Locale.ROOT,
                "files passed over, since their names are of no known format: %,d (%s%s); unpack or rename them, or set format",
                files,
                String.join(", ", first),
                files > first.size() ? ", ..." : "");
    }

    /** A table of the report. */
    CorpusReport.Table table() {
        return new CorpusReport.Table(
                "Files passed over",
                String.format(Locale.ROOT, "%,d files were not read, since their names are of no known format.", files),
                List.of(files > first.size() ? "the first of them" : "file"),
                first.stream().map(List::of).toList());
    }

    JsonObject json() {
        JsonArray names = new JsonArray();
        first.forEach(names::add);
        return new JsonObject().put("files", files).put("first", names);
    }

    static PassedOver of(JsonObject json) {
        return new PassedOver(json.getLong("files"), json.getArray("first").strings());
    }
}
