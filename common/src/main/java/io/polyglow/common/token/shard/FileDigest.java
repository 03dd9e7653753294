package io.polyglow.common.token.shard;

import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Length and check sums of a file.
 *
 * @param sha256 of the whole file, lower-case hex
 * @param crc32c of each block of {@link #BLOCK_BYTES}, as unsigned numbers; the last block may be shorter
 */
public record FileDigest(long bytes, String sha256, List<Long> crc32c) {
    /** Damage is reported to within so many bytes. */
    public static final int BLOCK_BYTES = 1 << 20;

    /** A reader maps each file at once. */
    private static final long MAX_BYTES = Integer.MAX_VALUE;

    private static final Set<String> NAMES = Set.of("bytes", "sha256", "crc32c");

    static FileDigest parse(JsonObject json) {
        json.refuseUnknown(NAMES);
        long bytes = json.getLong("bytes", 0, MAX_BYTES);
        long[] blocks = json.getArray("crc32c").longs();
        if (blocks.length != (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES) {
            throw json.problem(
                    "crc32c",
                    blocks.length + " blocks of " + BLOCK_BYTES + " bytes cannot make a file of " + bytes + " bytes.");
        }
        return new FileDigest(
                bytes, json.getString("sha256"), Arrays.stream(blocks).boxed().toList());
    }

    JsonObject json() {
        JsonArray blocks = new JsonArray();
        crc32c.forEach(blocks::add);
        return new JsonObject().put("bytes", bytes).put("sha256", sha256).put("crc32c", blocks);
    }
}
