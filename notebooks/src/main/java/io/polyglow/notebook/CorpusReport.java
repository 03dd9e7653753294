package io.polyglow.notebook;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.io.InputStream;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.CategoryChart;

/** Tables and charts of one corpus, drawn from its {@code manifest.json}. */
public final class CorpusReport {
    private static final int MOST_BARS = 40;

    private final String corpus;
    private final JsonObject manifest;
    private final List<Language> languages;

    private CorpusReport(String corpus, JsonObject manifest) {
        this.corpus = corpus;
        this.manifest = manifest;
        JsonObject counts = manifest.getObject("languages");
        this.languages = counts.names().stream()
                .map(code -> Language.of(code, counts.getObject(code)))
                .sorted(Comparator.comparingLong(Language::tokens).reversed().thenComparing(Language::code))
                .toList();
    }

    /** Reads the manifest of the corpus directory that {@code store} holds at its root. */
    public static CorpusReport read(Store store) throws IOException {
        try (InputStream in = store.open("manifest.json", 0)) {
            return new CorpusReport(store.root(), Json.parseObject("manifest.json", in, Json.MAX_BYTES));
        }
    }

    /** The corpus in numbers. */
    public Html summary() {
        return Html.table(
                List.of("what", "value"),
                List.of(
                        List.of("corpus", corpus),
                        List.of("documents", count(manifest.getLong("documents"))),
                        List.of("tokens", count(manifest.getLong("tokens"))),
                        List.of("languages", String.valueOf(languages.size())),
                        List.of(
                                "tokenizer",
                                manifest.getString("tokenizer_sha256").substring(0, 16)),
                        List.of("fingerprint", manifest.getString("fingerprint").substring(0, 16))));
    }

    /** Documents, bytes, tokens and bytes per token of each language, largest first. */
    public Html table() {
        return Html.table(
                List.of("language", "documents", "bytes", "tokens", "bytes/token"),
                languages.stream()
                        .map(language -> List.of(
                                language.code(),
                                count(language.documents()),
                                count(language.bytes()),
                                count(language.tokens()),
                                String.format(Locale.ROOT, "%.2f", language.bytesPerToken())))
                        .toList());
    }

    /** Tokens of the largest languages. */
    public CategoryChart tokens() {
        List<Language> shown = languages.stream().limit(MOST_BARS).toList();
        return Charts.bars(
                "Tokens by language",
                "tokens",
                shown.stream().map(Language::code).toList(),
                shown.stream().map(language -> (double) language.tokens()).toList());
    }

    /** How many bytes of text one token carries: the higher, the cheaper the language is to train and to generate. */
    public CategoryChart compression() {
        List<Language> shown = languages.stream()
                .limit(MOST_BARS)
                .sorted(Comparator.comparingDouble(Language::bytesPerToken).reversed())
                .toList();
        return Charts.bars(
                "Bytes per token by language",
                "bytes / token",
                shown.stream().map(Language::code).toList(),
                shown.stream().map(Language::bytesPerToken).toList());
    }

    private static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private record Language(String code, long documents, long bytes, long tokens) {
        static Language of(String code, JsonObject counts) {
            return new Language(code, counts.getLong("documents"), counts.getLong("bytes"), counts.getLong("tokens"));
        }

        double bytesPerToken() {
            return tokens == 0 ? 0 : (double) bytes / tokens;
        }
    }
}
