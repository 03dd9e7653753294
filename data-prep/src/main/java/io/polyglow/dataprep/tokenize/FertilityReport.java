package io.polyglow.dataprep.tokenize;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a tokenizer costs each language, beside a reference language. The premium is tokens over the reference's tokens: for the same texts when there are
 * parallel ones (translations of each other), else per character. Characters of different scripts hold different amounts of meaning, so per character only languages of one script
 * compare well; parallel texts compare all.
 *
 * @param reference the language whose premium is 1, or empty when none of those asked for is there: then there are no premiums
 * @param languages what was measured on texts of any content
 * @param parallel what was measured on translations of the same texts, of which a language may have several; empty when there are none
 */
public record FertilityReport(
        String tokenizerSha256,
        int vocabSize,
        String reference,
        Map<String, FertilityCounts> languages,
        Map<String, FertilityCounts> parallel) {
    private static final String PER_CHARACTER = "tokens per character";
    private static final String PARALLEL_TEXTS = "parallel texts";

    /** Keeps sorted copies. */
    public FertilityReport {
        languages = new TreeMap<>(languages);
        parallel = new TreeMap<>(parallel);
    }

    /** A report whose reference is the first of {@code references} that premiums can be measured against. */
    public static FertilityReport of(
            String tokenizerSha256,
            int vocabSize,
            List<String> references,
            Map<String, FertilityCounts> languages,
            Map<String, FertilityCounts> parallel) {
        Map<String, FertilityCounts> compared = parallel.isEmpty() ? languages : parallel;
        String reference =
                references.stream().filter(compared::containsKey).findFirst().orElse("");
        return new FertilityReport(tokenizerSha256, vocabSize, reference, languages, parallel);
    }

    /** A language's premium, or NaN without a reference, or without a parallel text where others have one. */
    public double premium(String language) {
        return price(language) / price(reference);
    }

    /** Tokens for what is compared: a parallel text, or a character; NaN when there is nothing to compare. */
    private double price(String language) {
        FertilityCounts counts =
                (parallel.isEmpty() ? languages : parallel).getOrDefault(language, FertilityCounts.NONE);
        if (counts.tokens() == 0) {
            return Double.NaN;
        }
        return parallel.isEmpty() ? counts.tokensPerCharacter() : (double) counts.tokens() / counts.texts();
    }

    /**
     * Bytes of text that a token in the shards holds, by language.
     *
     * @param endOfText whether a token of its own ends every document there
     */
    public Map<String, Double> bytesPerToken(boolean endOfText) {
        Map<String, Double> ratios = new TreeMap<>();
        languages.forEach((language, counts) -> {
            double tokens = counts.tokens() + (endOfText ? counts.texts() : 0);
            ratios.put(language, Math.max(1, counts.bytes()) / Math.max(1, tokens));
        });
        return ratios;
    }

    private FertilityCounts counts(String language) {
        return languages.getOrDefault(language, FertilityCounts.NONE);
    }

    /** The measured languages, dearest first. */
    public List<String> dearestFirst() {
        List<String> sorted = new ArrayList<>(languages.keySet());
        sorted.sort(Comparator.comparingDouble((String language) -> -sortKey(language)));
        return sorted;
    }

    /** Languages without a premium come last where others have one. */
    private double sortKey(String language) {
        double premium = premium(language);
        if (!Double.isNaN(premium)) {
            return premium;
        }
        return reference.isEmpty() ? counts(language).tokensPerCharacter() : 0;
    }

    /** The languages whose premium is not known because they have no parallel text. */
    public List<String> withoutParallelText() {
        return parallel.isEmpty()
                ? List.of()
                : languages.keySet().stream()
                        .filter(language -> !parallel.containsKey(language))
                        .toList();
    }

    /**
     * Refuses a byte-level tokenizer that loses something: all of its texts must come back.
     *
     * @throws PolyglowException of kind DATA that names the languages
     */
    public void requireRoundTrips() {
        Set<String> changed = new TreeSet<>();
        for (Map<String, FertilityCounts> measured : List.of(languages, parallel)) {
            measured.forEach((language, counts) -> {
                if (counts.changed() > 0) {
                    changed.add(language);
                }
            });
        }
        if (!changed.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The tokenizer does not give back every text, as a byte-level one must; languages with texts that changed: "
                            + changed
                            + ". Its vocabulary lacks bytes, or its file is damaged: use another tokenizer.file, or train one.");
        }
    }

    /**
     * Refuses a tokenizer under which some language pays more than {@code maxPremium}.
     *
     * @throws PolyglowException of kind DATA that names the languages and what to do; of kind USAGE without a reference to compare with
     */
    public void requirePremiumsUpTo(double maxPremium) {
        if (reference.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "tokenizer.max-premium needs a language to compare with, and none of tokenizer.premium-reference is in the "
                            + (parallel.isEmpty()
                                    ? "corpus, which has " + languages.keySet()
                                    : "parallel texts, which are in " + parallel.keySet())
                            + ". Name one of these.");
        }
        List<String> dear = dearestFirst().stream()
                .filter(language -> premium(language) > maxPremium)
                .toList();
        int compared = languages.size() - withoutParallelText().size();
        if (!dear.isEmpty()) {
            StringBuilder names = new StringBuilder();
            dear.stream()
                    .limit(20)
                    .forEach(language ->
                            names.append(String.format(Locale.ROOT, " %s %.2f,", language, premium(language))));
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The tokenizer costs " + dear.size() + " of " + compared + " languages more than "
                            + maxPremium + " times the tokens of " + reference + ":" + names
                            + " dearest first, by " + comparedBy()
                            + ". Raise tokenizer.vocab-size, give these languages more weight (tokenizer.language-alpha below 1, tokenizer.language-weights), or raise tokenizer.max-premium.");
        }
    }

    /** {@code fertility.json}: see {@code docs/formats/tokenizer.md}. */
    public JsonObject json() {
        JsonArray rows = new JsonArray();
        dearestFirst().forEach(language -> rows.add(row(language, counts(language))));
        JsonArray translations = new JsonArray();
        parallel.forEach((language, counts) -> translations.add(row(language, counts)));
        return new JsonObject()
                .put("format", "polyglow-fertility")
                .put("version", 1)
                .put("tokenizer_sha256", tokenizerSha256)
                .put("vocab_size", vocabSize)
                .put("reference", reference.isEmpty() ? null : reference)
                .put("premium_of", comparedBy())
                .put("languages", rows)
                .put("parallel_texts", translations);
    }

    private String comparedBy() {
        return parallel.isEmpty() ? PER_CHARACTER : PARALLEL_TEXTS;
    }

    private JsonObject row(String language, FertilityCounts counts) {
        double premium = premium(language);
        return new JsonObject()
                .put("language", language)
                .put("texts", counts.texts())
                .put("bytes", counts.bytes())
                .put("characters", counts.characters())
                .put("tokens", counts.tokens())
                .put("bytes_per_token", counts.bytesPerToken())
                .put("tokens_per_character", counts.tokensPerCharacter())
                .put("premium", Double.isNaN(premium) ? null : premium)
                .put("fragment_share", counts.fragmentShare())
                .put("changed_texts", counts.changed());
    }

    /** Reads what {@link #json} wrote. */
    public static FertilityReport parse(JsonObject json) {
        return new FertilityReport(
                json.getString("tokenizer_sha256"),
                json.getInt("vocab_size"),
                json.getString("reference", ""),
                counts(json.getArray("languages")),
                json.has("parallel_texts") ? counts(json.getArray("parallel_texts")) : Map.of());
    }

    private static Map<String, FertilityCounts> counts(JsonArray rows) {
        Map<String, FertilityCounts> languages = new TreeMap<>();
        for (JsonObject row : rows.objects()) {
            languages.put(
                    row.getString("language"),
                    new FertilityCounts(
                            row.getLong("texts"),
                            row.getLong("bytes"),
                            row.getLong("characters"),
                            row.getLong("tokens"),
                            Math.round(row.getDouble("fragment_share") * row.getLong("tokens")),
                            row.getLong("changed_texts")));
        }
        return languages;
    }

    /** A table for people, dearest first. */
    public List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%-24s %8s %10s %10s %12s %10s %9s",
                "language",
                "premium",
                "bytes/tok",
                "tok/char",
                "tokens",
                "fragments",
                "changed"));
        for (String language : dearestFirst()) {
            FertilityCounts counts = counts(language);
            lines.add(String.format(
                    Locale.ROOT,
                    "%-24s %8.2f %10.2f %10.3f %12d %9.1f%% %9d",
                    language,
                    premium(language),
                    counts.bytesPerToken(),
                    counts.tokensPerCharacter(),
                    counts.tokens(),
                    100 * counts.fragmentShare(),
                    counts.changed()));
        }
        return lines;
    }
}
