package io.polyglow.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** Lays out a table as text: the first column left-aligned, the others right-aligned. */
final class Columns {
    private static final String GAP = "  ";

    private Columns() {}

    static List<String> align(List<List<String>> rows) {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String padding = " ".repeat(widths[column] - row.get(column).length());
                line.append(column == 0 ? row.get(column) + padding : GAP + padding + row.get(column));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
