package io.polyglow.cli;

import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.shard.SplitIndex;
import io.polyglow.common.token.shard.Tombstone;
import io.polyglow.dataprep.spark.DocumentStory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range of tokens and the document that it belongs to, or a document that no shard holds.
 *
 * @param shard empty when no shard holds the document
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

    /** A document that no shard holds. */
    static LineageRow nowhere(String id, @Nullable DocumentStory story) {
        return new LineageRow(id, 0, story == null ? "unknown" : story.language(), "", 0, 0, List.of());
    }

    static List<String> header(boolean stories) {
        List<String> header = new ArrayList<>(List.of("document", "copy", "language", "shard", "tokens", "samples"));
        if (stories) {
            header.addAll(List.of("source", "decided"));
        }
        return header;
    }

    List<String> cells(boolean stories, @Nullable DocumentStory story) {
        List<String> cells = new ArrayList<>(List.of(
                id,
                String.valueOf(copy),
                language,
                shard.isEmpty() ? "none" : shard,
                "[" + firstToken + ", " + (firstToken + tokens) + ")",
                samples.toString()));
        if (stories) {
            cells.add(story == null ? "unknown" : story.place());
            cells.add(story == null ? "unknown" : story.decided());
        }
        return cells;
    }

    /** One object; {@code takedown} took the document out of the corpus, if any did. */
    JsonObject json(@Nullable DocumentStory story, @Nullable Tombstone takedown) {
        JsonObject json = new JsonObject().put("id", id).put("language", language);
        if (!shard.isEmpty()) {
            json.put("copy", copy)
                    .put("shard", shard)
                    .put("first_token", firstToken)
                    .put("tokens", tokens)
                    .put("samples", samples);
        }
        if (story != null) {
            story.putInto(json);
        }
        return takedown == null ? json : json.put("takedown", takedown.number());
    }
}
