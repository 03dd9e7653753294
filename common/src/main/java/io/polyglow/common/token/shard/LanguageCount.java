package io.polyglow.common.token.shard;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * How much of a language there is.
 *
 * @param bytes of UTF-8 text, before tokenization
 * @param tokens document ends included
 */
public record LanguageCount(String language, long documents, long bytes, long tokens) {
    private static final Set<String> NAMES = Set.of("language", "documents", "bytes", "tokens");

    LanguageCount plus(LanguageCount other) {
        return new LanguageCount(language, documents + other.documents, bytes + other.bytes, tokens + other.tokens);
    }

    /** Sums per language, sorted by language. */
    static List<LanguageCount> sum(List<LanguageCount> counts) {
        TreeMap<String, LanguageCount> sums = new TreeMap<>();
        counts.forEach(count -> sums.merge(count.language, count, LanguageCount::plus));
        return List.copyOf(sums.values());
    }

    static List<LanguageCount> parse(JsonArray array) {
        List<LanguageCount> counts = new ArrayList<>();
        for (JsonObject json : array.objects()) {
            json.refuseUnknown(NAMES);
            counts.add(new LanguageCount(
                    json.getString("language"),
                    json.getLong("documents", 0, Long.MAX_VALUE),
                    json.getLong("bytes", 0, Long.MAX_VALUE),
                    json.getLong("tokens", 0, Long.MAX_VALUE)));
        }
        return List.copyOf(counts);
    }

    static JsonArray json(List<LanguageCount> counts) {
        JsonArray array = new JsonArray();
        for (LanguageCount count : counts) {
            array.add(new JsonObject()
                    .put("language", count.language)
                    .put("documents", count.documents)
                    .put("bytes", count.bytes)
                    .put("tokens", count.tokens));
        }
        return array;
    }
}
