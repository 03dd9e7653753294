package io.polyglow.common.token.shard;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** An input file that the shards were made from: where it lay, its length and the SHA-256 of its bytes. */
public record SourceFile(String path, long bytes, String sha256) {
    private static final Set<String> NAMES = Set.of("path", "bytes", "sha256");

    static List<SourceFile> parse(JsonArray array) {
        List<SourceFile> files = new ArrayList<>();
        for (JsonObject json : array.objects()) {
            json.refuseUnknown(NAMES);
            files.add(new SourceFile(
                    json.getString("path"), json.getLong("bytes", 0, Long.MAX_VALUE), json.getString("sha256")));
        }
        return List.copyOf(files);
    }

    static JsonArray json(List<SourceFile> files) {
        JsonArray array = new JsonArray();
        for (SourceFile file : files) {
            array.add(new JsonObject()
                    .put("path", file.path)
                    .put("bytes", file.bytes)
                    .put("sha256", file.sha256));
        }
        return array;
    }
}
