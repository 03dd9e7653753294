package io.polyglow.dataprep.report;

import io.polyglow.dataprep.report.CorpusReport.Group;
import java.util.List;

/**
 * Writes a {@link CorpusReport} as {@code DATACARD.md}: what a dataset is made of and how, in the sections of Hugging Face's dataset cards, for those who use a
 * corpus without having made it.
 */
public final class DataCard {
    private static final int MOST_ROWS = 200;

    private DataCard() {}

    /** The card, as Markdown. */
    public static String of(CorpusReport report) {
        StringBuilder card = new StringBuilder();
        card.append("# ").append(report.title()).append("\n\n");
        report.facts().forEach(fact -> card.append("* ")
                .append(fact.name())
                .append(": ")
                .append(fact.value())
                .append('\n'));
        card.append("\n## How it was made\n\n| step | documents | text |\n|---|--:|--:|\n");
        report.steps()
                .forEach(step -> row(card, step.name(), Numbers.count(step.documents()), Numbers.bytes(step.bytes())));
        languages(card, report.languages());
        if (!report.reasons().isEmpty()) {
            card.append("\n## Left out\n\n| reason | documents | text |\n|---|--:|--:|\n");
            report.reasons()
                    .forEach(reason ->
                            row(card, reason.kind(), Numbers.count(reason.documents()), Numbers.bytes(reason.bytes())));
        }
        report.tables().forEach(table -> table(card, table));
        card.append("\n## Settings\n\n```yaml\n")
                .append(report.config().strip())
                .append("\n```\n");
        return card.toString();
    }

    private static void languages(StringBuilder card, List<Group> languages) {
        card.append("\n## Languages\n\n");
        card.append("| | documents | of those read | text | tokens | bytes/token |\n|---|--:|--:|--:|--:|--:|\n");
        languages.stream()
                .limit(MOST_ROWS)
                .forEach(group -> row(
                        card,
                        group.name(),
                        Numbers.count(group.kept()),
                        Numbers.percent(group.kept(), group.read()),
                        Numbers.bytes(group.keptBytes()),
                        Numbers.count(group.tokens()),
                        Numbers.ratio(group.keptBytes(), group.tokens())));
        more(card, languages.size());
    }

    private static void table(StringBuilder card, CorpusReport.Table table) {
        card.append("\n## ").append(table.title()).append("\n\n");
        if (!table.explanation().isEmpty()) {
            card.append(table.explanation()).append("\n\n");
        }
        row(card, table.header().toArray(new String[0]));
        card.append("|---".repeat(table.header().size())).append("|\n");
        table.rows().stream().limit(MOST_ROWS).forEach(cells -> row(card, cells.toArray(new String[0])));
        more(card, table.rows().size());
    }

    private static void more(StringBuilder card, int rows) {
        if (rows > MOST_ROWS) {
            card.append("\nand ").append(Numbers.count(rows - MOST_ROWS)).append(" more\n");
        }
    }

    /** A bar or a line break in a cell would break the table. */
    private static void row(StringBuilder card, String... cells) {
        for (String cell : cells) {
            card.append("| ")
                    .append(cell.replace("\\", "\\\\").replace("|", "\\|").replaceAll("\\s+", " "))
                    .append(' ');
        }
        card.append("|\n");
    }
}
