package io.polyglow.dataprep.spark;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A document as the tables of a corpus have it: where it comes from and what was decided of it.
 *
 * @param position line or row counted from 1; 0 when the document is the whole file
 * @param offset first byte of the document in its source, where the reader knows it
 * @param contentHash SHA-256 of the normalised text; null when there is none
 * @param reasons why it was left out; none for one that was not, and for duplicates
 * @param duplicate what it is of {@code cluster}, when that is why it was left out; else null
 * @param cluster id of the document that is kept of its duplicates, which may be this one; null with a reason to go
 * @param clusterSize how many documents that one stands for, itself included
 * @param redacted how often personal data was replaced, by kind; empty for one that was left out
 * @param cuts what was taken out of the text; none for one that was left out
 * @param bytes of the text as it was read
 * @param keptBytes of the text that is trained on; 0 when it was left out
 */
public record DocumentStory(
        String id,
        String source,
        long position,
        long offset,
        @Nullable String url,
        @Nullable String contentHash,
        String language,
        double languageScore,
        List<String> reasons,
        @Nullable String duplicate,
        @Nullable String cluster,
        long clusterSize,
        Map<String, Long> redacted,
        List<Cut> cuts,
        long bytes,
        long keptBytes) {

    /**
     * Parts of a text that were taken out.
     *
     * @param by {@code c4}, {@code contamination} or {@code passages}
     * @param places how many parts
     * @param characters their length in UTF-16 units
     */
    public record Cut(String by, long places, long characters) {}

    /** {@code file} or {@code file:line}, as in reports. */
    public String place() {
        return position == 0 ? source : source + ":" + position;
    }

    /** What was decided, in one line. */
    public String decided() {
        List<String> parts = new ArrayList<>();
        parts.add(String.format(Locale.ROOT, "%s %.2f", language, languageScore));
        parts.add(outcome());
        if (!redacted.isEmpty()) {
            parts.add("redacted " + redacted);
        }
        for (Cut cut : cuts) {
            parts.add(cut.by + " took out " + cut.characters + " characters in " + cut.places + " places");
        }
        if (keptBytes > 0 && keptBytes != bytes) {
            parts.add(keptBytes + " bytes left of " + bytes);
        }
        return String.join("; ", parts);
    }

    private String outcome() {
        if (!reasons.isEmpty()) {
            return "left out: " + String.join(", ", reasons);
        }
        if (duplicate != null) {
            return "left out: " + duplicate + " of " + cluster;
        }
        return clusterSize > 1 ? "kept, stands for " + (clusterSize - 1) + " duplicates" : "kept";
    }

    /** Puts all but the id into an object. */
    public void putInto(JsonObject json) {
        JsonArray taken = new JsonArray();
        cuts.forEach(cut -> taken.add(
                new JsonObject().put("by", cut.by).put("places", cut.places).put("characters", cut.characters)));
        json.put("source", source)
                .put("position", position)
                .put("offset", offset)
                .put("url", url)
                .put("content_hash", contentHash)
                .put("language", language)
                .put("language_score", languageScore)
                .put("reasons", reasons)
                .put("duplicate", duplicate)
                .put("cluster", cluster)
                .put("cluster_size", clusterSize)
                .put("redacted", new TreeMap<>(redacted))
                .put("cuts", taken)
                .put("bytes", bytes)
                .put("kept_bytes", keptBytes);
    }
}
