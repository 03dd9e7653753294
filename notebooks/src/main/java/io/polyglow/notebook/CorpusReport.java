package io.polyglow.notebook;

import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.LanguageCount;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.CategoryChart;

/** Tables and charts of one corpus, drawn from its {@code manifest.json}. */
public final class CorpusReport {
    private static final int MOST_BARS = 40;

    private final String corpus;
    private final CorpusManifest manifest;
    private final List<LanguageCount> languages;

    private CorpusReport(String corpus, CorpusManifest manifest) {
        this.corpus = corpus;
        this.manifest = manifest;
        this.languages = manifest.languages().stream()
                .sorted(Comparator.comparingLong(LanguageCount::tokens)
                        .reversed()
                        .thenComparing(LanguageCount::language))
                .toList();
    }

    /** Reads the manifest of the corpus directory that {@code store} holds at its root. */
    public static CorpusReport read(Store store) throws IOException {
        return new CorpusReport(store.root(), CorpusManifest.read(store, ""));
    }

    /** The corpus in numbers. */
    public Html summary() {
        return Html.table(
                List.of("what", "value"),
                List.of(
                        List.of("corpus", corpus.substring(corpus.lastIndexOf('/') + 1)),
                        List.of("documents", count(manifest.documents())),
                        List.of("tokens", count(manifest.tokens())),
                        List.of("languages", String.valueOf(languages.size())),
                        List.of("tokenizer", manifest.tokenizerSha256().substring(0, 16)),
                        List.of("fingerprint", manifest.fingerprint().substring(0, 16))));
    }

    /** Documents, bytes, tokens and bytes per token of each language, largest first. */
    public Html table() {
        return Html.table(
                List.of("language", "documents", "bytes", "tokens", "bytes/token"),
                languages.stream()
                        .map(language -> List.of(
                                language.language(),
                                count(language.documents()),
                                count(language.bytes()),
                                count(language.tokens()),
                                String.format(Locale.ROOT, "%.2f", bytesPerToken(language))))
                        .toList());
    }

    /** Tokens of the largest languages. */
    public CategoryChart tokens() {
        List<LanguageCount> shown = languages.stream().limit(MOST_BARS).toList();
        return Charts.bars(
                "Tokens by language",
                "tokens",
                shown.stream().map(LanguageCount::language).toList(),
                shown.stream().map(language -> (double) language.tokens()).toList());
    }

    /** How many bytes of text one token carries: the higher, the cheaper the language is to train and to generate. */
    public CategoryChart compression() {
        List<LanguageCount> shown = languages.stream()
                .limit(MOST_BARS)
                .sorted(Comparator.comparingDouble(CorpusReport::bytesPerToken).reversed())
                .toList();
        return Charts.bars(
                "Bytes per token by language",
                "bytes / token",
                shown.stream().map(LanguageCount::language).toList(),
                shown.stream().map(CorpusReport::bytesPerToken).toList());
    }

    private static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static double bytesPerToken(LanguageCount language) {
        return language.tokens() == 0 ? 0 : (double) language.bytes() / language.tokens();
    }
}
