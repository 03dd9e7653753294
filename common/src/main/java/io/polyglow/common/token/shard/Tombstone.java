package io.polyglow.common.token.shard;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code takedown/NNNN.json} of a corpus: that documents were taken out of its shards, when and why. Tombstones are chained: each holds the SHA-256 of the file
 * before it, and the manifest that of the last, so that none can be changed or removed unseen.
 *
 * @param number counted from 1
 * @param time when, in UTC, ISO 8601
 * @param reason who asked for it and why, as the user put it
 * @param documents what was taken out
 * @param oldFingerprint of the corpus before
 * @param newFingerprint of the corpus after
 * @param shards names of the shards that held the documents, as they were called before
 * @param previousSha256 of the tombstone before this one, empty for the first
 */
public record Tombstone(
        int number,
        String time,
        String reason,
        List<Taken> documents,
        String oldFingerprint,
        String newFingerprint,
        List<String> shards,
        String previousSha256) {
    private static final String FORMAT = "polyglow-takedown";
    private static final int VERSION = 1;
    private static final Set<String> NAMES = Set.of(
            "format",
            "version",
            "number",
            "time",
            "reason",
            "documents",
            "old_fingerprint",
            "new_fingerprint",
            "shards",
            "previous_sha256");

    /**
     * A document that was taken out.
     *
     * @param contentHash SHA-256 of its normalised text, by which it is left out of later corpora, from whatever place; null when it is not known
     */
    public record Taken(DocumentId id, @Nullable String contentHash) {}

    /** What to tell those who still want the corpus of before. */
    public String notice() {
        return ": take-down " + number + " of " + time + " took " + documents.size()
                + " documents out of it (" + reason
                + "). A run that was trained on them does not go on without them; begin a new run on the corpus as it is now";
    }

    byte[] encode() {
        JsonArray taken = new JsonArray();
        for (Taken document : documents) {
            taken.add(new JsonObject().put("id", document.id.toString()).put("content_hash", document.contentHash));
        }
        JsonObject json = new JsonObject()
                .put("format", FORMAT)
                .put("version", VERSION)
                .put("number", number)
                .put("time", time)
                .put("reason", reason)
                .put("documents", taken)
                .put("old_fingerprint", oldFingerprint)
                .put("new_fingerprint", newFingerprint)
                .put("shards", shards)
                .put("previous_sha256", previousSha256);
        return Json.pretty(json).getBytes(StandardCharsets.UTF_8);
    }

    static Tombstone parse(String file, byte[] bytes) {
        JsonObject json = Json.parseObject(file, bytes, Takedowns.MAX_BYTES);
        if (!json.getString("format").equals(FORMAT) || json.getLong("version") != VERSION) {
            throw json.problem("version", "this program reads \"" + FORMAT + "\", version " + VERSION + " only.");
        }
        json.refuseUnknown(NAMES);
        List<Taken> documents = json.getArray("documents").objects().stream()
                .map(document -> new Taken(
                        DocumentId.parse(document.getString("id")),
                        document.get("content_hash") == null ? null : document.getString("content_hash")))
                .toList();
        return new Tombstone(
                json.getInt("number", 1, Integer.MAX_VALUE),
                json.getString("time"),
                json.getString("reason"),
                documents,
                json.getString("old_fingerprint"),
                json.getString("new_fingerprint"),
                json.getArray("shards").strings(),
                json.getString("previous_sha256"));
    }

    static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(DigestingOutput.newSha256().digest(bytes));
    }
}
