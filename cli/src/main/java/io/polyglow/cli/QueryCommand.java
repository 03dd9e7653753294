package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.spark.CorpusTables;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.SparkSqlParser;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow query}: SQL over the tables behind a corpus. */
@Command(
        name = "query",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Asks a question, in Spark's SQL, of the tables that prepare keeps beside a corpus:",
            "  documents      what was read, with texts",
            "  annotations    what is known of each document: languages, numbers, personal data",
            "  decisions      reasons to leave documents out",
            "  contamination  what was found of evaluation sets, if there are any",
            "  sketches       what near-duplicates are found by, if they are looked for",
            "  duplicates     the clusters of those without a reason",
            "  passages       lines and paragraphs that many documents share, if they are taken out",
            "  kept           the texts that are trained on",
            "  outcomes       what became of each document in the end, with all reasons",
            "",
            "Without SQL: the tables and their columns."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow query data/web \"select reasons[0], count(*) from outcomes group by 1 order by 2 desc\"",
            "  polyglow query data/web \"select d.source, d.position, substr(text, 1, 80) from documents d"
                    + " join decisions using (id) where exists(reasons, r -> r like 'too large%%')\"",
            "  polyglow query data/web \"select * from duplicates where cluster_size > 100\" --json"
        })
final class QueryCommand implements Callable<Integer> {
    private static final int WIDEST = 100;

    private final Console console;

    @Parameters(index = "0", paramLabel = "CORPUS", description = "The output of prepare.")
    private String corpus;

    @Parameters(index = "1", arity = "0..1", paramLabel = "SQL", description = "One SELECT.")
    private @Nullable String sql;

    @Option(
            names = "--rows",
            defaultValue = "50",
            paramLabel = "N",
            description = "Most rows that are printed. Default: ${DEFAULT-VALUE}.")
    private int rows;

    @Option(names = "--json", description = "Prints one JSON object a row.")
    private boolean json;

    @Mixin
    private SparkOptions spark;

    QueryCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (rows < 1) {
            throw new PolyglowException(ErrorKind.USAGE, "--rows " + rows + ": at least one row must be asked for.");
        }
        if (sql != null) {
            requireQuery(sql);
        }
        try (Locations locations = new Locations();
                SparkSession session = spark.session(console, "polyglow query", corpus)) {
            CorpusTables tables = CorpusTables.open(session, locations.address(corpus));
            if (sql == null) {
                tables.names()
                        .forEach(name -> console.line(name + ": "
                                + String.join(", ", tables.table(name).columns())));
                return 0;
            }
            tables.createViews();
            answer(session, sql);
            return 0;
        }
    }

    /** Refuses SQL that would change something, before Spark starts: Spark's rule for a query knows no INSERT, CREATE or DROP. */
    static void requireQuery(String question) {
        try {
            new SparkSqlParser().parseQuery(question);
        } catch (Exception e) { // Scala's exceptions are not declared
            throw explained(e);
        }
    }

    private void answer(SparkSession session, String question) {
        try {
            print(session.sql(question));
        } catch (Exception e) { // Scala's exceptions are not declared
            throw explained(e);
        }
    }

    /** A failure comes from the question, unless Spark or files failed while it was answered. */
    static PolyglowException explained(Exception failure) {
        PolyglowException ours = OrdinaryFailures.find(failure, PolyglowException.class);
        PolyglowException other = ours == null ? OrdinaryFailures.explain(failure) : ours;
        if (other != null) {
            return other;
        }
        String what = String.valueOf(OrdinaryFailures.deepest(failure).getMessage());
        return new PolyglowException(
                ErrorKind.USAGE,
                "The SQL cannot be answered: "
                        + what.lines()
                                .filter(line -> !line.isBlank())
                                .findFirst()
                                .orElse("")
                        + " It must be one query, such as a SELECT. Without SQL the command lists tables and columns.",
                failure);
    }

    private void print(Dataset<Row> answer) {
        if (json) {
            answer.limit(rows).toJSON().collectAsList().forEach(console::line);
        } else {
            console.line(answer.showString(rows, WIDEST, false).stripTrailing());
        }
    }
}
