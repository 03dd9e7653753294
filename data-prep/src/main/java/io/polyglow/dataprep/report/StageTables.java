package io.polyglow.dataprep.report;

import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.report.CorpusReport.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Tables of a report from what stages wrote down as JSON. */
public final class StageTables {
    private StageTables() {}

    /** {@code fertility.json}: what the tokenizer costs each language. */
    public static Table fertility(JsonObject fertility) {
        List<List<String>> rows = new ArrayList<>();
        for (JsonObject row : fertility.getArray("languages").objects()) {
            rows.add(List.of(
                    row.getString("language"),
                    row.get("premium") == null ? "–" : number(row.getDouble("premium")),
                    number(row.getDouble("bytes_per_token")),
                    number(row.getDouble("tokens_per_character")),
                    Numbers.count(row.getLong("tokens")),
                    Numbers.count(row.getLong("changed_texts"))));
        }
        String reference = fertility.getString("reference", "");
        return new Table(
                "What the tokenizer costs",
                "By language, dearest first."
                        + (reference.isEmpty()
                                ? ""
                                : " The premium is over " + reference + ", by " + fertility.getString("premium_of")
                                        + ".")
                        + " Changed are texts that do not decode to themselves.",
                List.of("language", "premium", "bytes/token", "tokens/character", "tokens", "changed"),
                rows);
    }

    /** {@code mix.json}: how often each language is trained on. */
    public static Table mix(JsonObject mix) {
        List<List<String>> rows = new ArrayList<>();
        for (JsonObject row : mix.getArray("languages").objects()) {
            rows.add(List.of(
                    row.getString("language"),
                    Numbers.count(row.getLong("documents")),
                    Numbers.bytes(row.getLong("bytes")),
                    number(row.getDouble("epochs")),
                    Numbers.bytes(row.getLong("planned_bytes")),
                    Numbers.count(row.getLong("planned_tokens"))));
        }
        return new Table(
                "The mix",
                "How often each language is trained on, by the policy " + mix.getString("policy")
                        + "; tokens as estimated before they were written.",
                List.of("language", "documents", "text", "epochs", "trained on", "tokens"),
                rows);
    }

    /** {@code contamination.json}: what of the evaluation sets was found. */
    public static Table contamination(JsonObject contamination) {
        List<List<String>> rows = new ArrayList<>();
        JsonObject sets = contamination.getObject("sets");
        for (String name : sets.names()) {
            JsonObject set = sets.getObject(name);
            rows.add(List.of(
                    name,
                    Numbers.count(set.getLong("items_read")),
                    Numbers.count(set.getLong("items_without_field")),
                    Numbers.count(set.getLong("items_hit")),
                    Numbers.count(set.getLong("documents")),
                    Numbers.count(set.getLong("places"))));
        }
        return new Table(
                "Evaluation sets",
                "Parts of them in the corpus: " + Numbers.count(contamination.getLong("documents_hit"))
                        + " documents hit, " + Numbers.count(contamination.getLong("documents_dropped"))
                        + " left out, " + Numbers.count(contamination.getLong("documents_cut")) + " cut.",
                List.of("set", "items", "without the field", "items found", "in documents", "in places"),
                rows);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
