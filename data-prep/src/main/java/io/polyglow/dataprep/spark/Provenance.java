package io.polyglow.dataprep.spark;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.SourceFile;
import io.polyglow.dataprep.clean.TextNormalizer;
import io.polyglow.dataprep.doc.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code prepare.json} of an output: from which inputs, with which settings and Unicode data it was made, and what was left out.
 *
 * @param runKey SHA-256 over everything that decides the shards: settings, tokenizer file, Unicode data, names and hashes of the inputs
 * @param rejected number of rejected documents by kind of reason
 * @param repaired number of kept documents with bytes that were not UTF-8, or NUL characters
 */
record Provenance(String runKey, String configYaml, String configSha256, Map<String, Long> rejected, long repaired) {
    private static final String FILE = "prepare.json";
    private static final String FORMAT = "polyglow-prepare";
    private static final int VERSION = 1;
    private static final int MAX_BYTES = 16 << 20;

    static Provenance of(PrepareConfig config, String tokenizerSha256, List<SourceFile> sources) {
        Resolved<PrepareConfig> resolved = ConfigFile.of(config.withoutPlaces());
        MessageDigest digest = Digest.newSha256();
        update(digest, resolved.yaml());
        update(digest, tokenizerSha256);
        update(digest, TextNormalizer.icuVersion());
        sources.forEach(source -> update(digest, source.path() + " " + source.bytes() + " " + source.sha256()));
        String key = HexFormat.of().formatHex(digest.digest());
        return new Provenance(key, resolved.yaml(), resolved.sha256(), Map.of(), 0);
    }

    Provenance withCounts(Map<String, Long> rejected, long repaired) {
        return new Provenance(runKey, configYaml, configSha256, rejected, repaired);
    }

    void write(Store store, String directory, PrepareConfig config) throws IOException {
        JsonObject json = new JsonObject()
                .put("format", FORMAT)
                .put("version", VERSION)
                .put("run_key", runKey)
                .put("input", config.input())
                .put("seed", config.seed())
                .put("config_sha256", configSha256)
                .put("config", configYaml)
                .put("icu", TextNormalizer.icuVersion())
                .put("unicode", TextNormalizer.unicodeVersion())
                .put("rejected", new TreeMap<>(rejected))
                .put("repaired", repaired);
        Stores.write(store, directory + "/" + FILE, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
    }

    /** Whether a prepare run made the directory. */
    static boolean exists(Store store, String directory) throws IOException {
        return store.exists(directory + "/" + FILE);
    }

    /** Whether a run with this key made the directory. */
    static boolean isOf(Store store, String directory, String runKey) throws IOException {
        return exists(store, directory) && read(store, directory).runKey().equals(runKey);
    }

    static Provenance read(Store store, String directory) throws IOException {
        byte[] bytes = Stores.read(store, directory + "/" + FILE, MAX_BYTES);
        JsonObject json = Json.parseObject(store.root() + "/" + directory + "/" + FILE, bytes);
        Map<String, Long> rejected = new TreeMap<>();
        JsonObject counts = json.getObject("rejected");
        counts.names().forEach(kind -> rejected.put(kind, counts.getLong(kind)));
        return new Provenance(
                json.getString("run_key"),
                json.getString("config"),
                json.getString("config_sha256"),
                rejected,
                json.has("repaired") ? json.getLong("repaired") : 0);
    }

    private static void update(MessageDigest digest, String line) {
        digest.update((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
