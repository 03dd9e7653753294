package io.polyglow.dataprep.spark;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.LanguageCount;
import io.polyglow.common.token.shard.ShardInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a prepare run made.
 *
 * @param output the directory, as the user wrote it
 * @param reused whether an output from the same inputs and settings stood already, so that nothing was done
 * @param files number of input files
 * @param inputBytes their length on disk
 * @param passedOver how many more files the input has whose names are of no known format, with the names of the first; empty when there are none
 * @param languages counts of kept documents, sorted by language
 * @param rejected number of rejected documents by kind of reason
 * @param repaired number of kept documents with bytes that were not UTF-8, or NUL characters; see {@code repairs} of the documents
 * @param fingerprint of the token shards
 */
public record PrepareReport(
        String output,
        boolean reused,
        long files,
        long inputBytes,
        String passedOver,
        List<LanguageCount> languages,
        Map<String, Long> rejected,
        long repaired,
        int vocabSize,
        long trainTokens,
        long validationTokens,
        String fingerprint) {

    static PrepareReport of(String output, boolean reused, CorpusManifest manifest, Provenance provenance) {
        return new PrepareReport(
                output,
                reused,
                manifest.sources().size(),
                manifest.sources().stream().mapToLong(source -> source.bytes()).sum(),
                provenance.passedOver().text(),
                manifest.languages(),
                new TreeMap<>(provenance.rejected()),
                provenance.repaired(),
                manifest.vocabSize(),
                tokens(manifest.shards("train")),
                tokens(manifest.shards("validation")),
                manifest.fingerprint());
    }

    /** A table for people: documents, bytes, tokens and bytes per token of each language, then what was rejected and why. */
    public String table() {
        List<String> lines = new ArrayList<>();
        lines.add(line("language", "documents", "bytes", "tokens", "bytes/token"));
        languages.forEach(count -> lines.add(line(count)));
        lines.add(line(total()));
        lines.add(String.format(
                Locale.ROOT,
                "%d ids in the vocabulary, %,d tokens to train on, %,d held out",
                vocabSize,
                trainTokens,
                validationTokens));
        if (!passedOver.isEmpty()) {
            lines.add(passedOver);
        }
        if (!rejected.isEmpty()) {
            lines.add("rejected documents by reason: " + rejected);
        }
        if (repaired > 0) {
            lines.add(String.format(
                    Locale.ROOT,
                    "documents with bytes that are not UTF-8 (now U+FFFD) or NUL characters (removed): %,d",
                    repaired));
        }
        return String.join("\n", lines) + "\n";
    }

    /** Counts over all languages, under the name {@code all}. */
    public LanguageCount total() {
        return new LanguageCount(
                "all",
                languages.stream().mapToLong(LanguageCount::documents).sum(),
                languages.stream().mapToLong(LanguageCount::bytes).sum(),
                languages.stream().mapToLong(LanguageCount::tokens).sum());
    }

    /** Number of rejected documents. */
    public long rejectedDocuments() {
        return rejected.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The report as one JSON object, for scripts. */
    public JsonObject json() {
        JsonArray counts = new JsonArray();
        for (LanguageCount count : languages) {
            counts.add(new JsonObject()
                    .put("language", count.language())
                    .put("documents", count.documents())
                    .put("bytes", count.bytes())
                    .put("tokens", count.tokens())
                    .put("bytes_per_token", bytesPerToken(count)));
        }
        return new JsonObject()
                .put("output", output)
                .put("reused", reused)
                .put("files", files)
                .put("input_bytes", inputBytes)
                .put("passed_over", passedOver)
                .put("vocab_size", vocabSize)
                .put("train_tokens", trainTokens)
                .put("validation_tokens", validationTokens)
                .put("fingerprint", fingerprint)
                .put("rejected", new TreeMap<>(rejected))
                .put("repaired", repaired)
                .put("languages", counts);
    }

    private static String line(LanguageCount count) {
        return line(
                count.language(),
                String.format(Locale.ROOT, "%,d", count.documents()),
                String.format(Locale.ROOT, "%,d", count.bytes()),
                String.format(Locale.ROOT, "%,d", count.tokens()),
                String.format(Locale.ROOT, "%.2f", bytesPerToken(count)));
    }

    private static String line(String language, String documents, String bytes, String tokens, String ratio) {
        return String.format(Locale.ROOT, "%-12s %12s %15s %15s %12s", language, documents, bytes, tokens, ratio);
    }

    private static double bytesPerToken(LanguageCount count) {
        return count.tokens() == 0 ? 0 : (double) count.bytes() / count.tokens();
    }

    private static long tokens(List<ShardInfo> shards) {
        return shards.stream().mapToLong(ShardInfo::tokens).sum();
    }
}
