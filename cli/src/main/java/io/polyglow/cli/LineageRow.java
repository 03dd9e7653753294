package io.polyglow.cli;

import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.shard.SplitIndex;
import io.polyglow.dataprep.spark.DocumentLookup;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range of tokens and the document that it belongs to.
 *
 * @param firstToken counted from the beginning of the shard
 * @param samples those samples of the run that hold it, counted from 0
 */
record LineageRow(
        String id, int copy, String language, String shard, long firstToken, long tokens, List<Long> samples) {
    static LineageRow of(
            SplitIndex split, long document, String shard, long firstToken, long tokens, List<Long> samples) {
        return new LineageRow(
                split.id(document).toString(),
                split.copy(document),
                split.language(document),
                shard,
                firstToken,
                tokens,
                samples);
    }

    /** All tokens of a document. */
    static LineageRow whole(SplitIndex split, long document, List<Long> samples) {
        int shard = split.shardOfDocument(document);
        long first = split.documentStart(document);
        return of(
                split,
                document,
                split.shards().get(shard).name(),
                first - split.firstToken(shard),
                split.documentStart(document + 1) - first,
                samples);
    }

    static List<String> header(boolean sources) {
        List<String> header = new ArrayList<>(List.of("document", "copy", "language", "shard", "tokens", "samples"));
        if (sources) {
            header.add("source");
        }
        return header;
    }

    List<String> cells(boolean sources, DocumentLookup.@Nullable Found found) {
        List<String> cells = new ArrayList<>(List.of(
                id,
                String.valueOf(copy),
                language,
                shard,
                "[" + firstToken + ", " + (firstToken + tokens) + ")",
                samples.toString()));
        if (sources) {
            cells.add(found == null ? "unknown" : source(found));
        }
        return cells;
    }

    private static String source(DocumentLookup.Found found) {
        return found.position() == 0 ? found.source() : found.source() + ":" + found.position();
    }

    JsonObject json(DocumentLookup.@Nullable Found found) {
        JsonObject json = new JsonObject()
                .put("id", id)
                .put("copy", copy)
                .put("language", language)
                .put("shard", shard)
                .put("first_token", firstToken)
                .put("tokens", tokens)
                .put("samples", samples);
        if (found != null) {
            json.put("source", found.source())
                    .put("position", found.position())
                    .put("offset", found.offset())
                    .put("url", found.url())
                    .put("content_hash", found.contentHash())
                    .put("reasons", found.reasons());
        }
        return json;
    }
}
