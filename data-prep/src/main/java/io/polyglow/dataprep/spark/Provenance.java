package io.polyglow.dataprep.spark;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Resolved;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.dataprep.clean.TextNormalizer;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * {@code prepare.json} of an output: from which inputs, with which settings and Unicode data it was made, and what was left out.
 *
 * @param runKey hash of everything that decides the output, see {@link PrepareKeys}
 * @param passedOver files of the input that were not read
 * @param rejected number of rejected documents by kind of reason
 * @param repaired number of kept documents with bytes that were not UTF-8, or NUL characters
 */
record Provenance(
        String runKey,
        String configYaml,
        String configSha256,
        PassedOver passedOver,
        Map<String, Long> rejected,
        long repaired) {
    private static final String FILE = "prepare.json";
    private static final String FORMAT = "polyglow-prepare";
    private static final int VERSION = 1;
    private static final int MAX_BYTES = 16 << 20;

    static Provenance of(PrepareConfig config, String runKey, PassedOver passedOver) {
        Resolved<PrepareConfig> resolved = ConfigFile.of(config.withoutPlaces());
        return new Provenance(runKey, resolved.yaml(), resolved.sha256(), passedOver, Map.of(), 0);
    }

    Provenance withCounts(Map<String, Long> rejected, long repaired) {
        return new Provenance(runKey, configYaml, configSha256, passedOver, rejected, repaired);
    }

    /**
     * Writes the file.
     *
     * @param thresholds what the files of thresholds said, see {@link ThresholdCatalog#files}
     * @param sketches what {@link SketchColumns#version} says of them, empty when there are none
     */
    void write(
            Store store,
            String directory,
            PrepareConfig config,
            ThresholdCatalog thresholds,
            Set<StageKey> stages,
            String sketches)
            throws IOException {
        JsonObject tables = new JsonObject();
        stages.forEach(key -> tables.put(key.name(), key.directory()));
        JsonObject json = new JsonObject()
                .put("format", FORMAT)
                .put("version", VERSION)
                .put("run_key", runKey)
                .put("input", config.input())
                .put("seed", config.seed())
                .put("config_sha256", configSha256)
                .put("config", configYaml)
                .put("thresholds", thresholds.json())
                .put("icu", TextNormalizer.icuVersion())
                .put("unicode", TextNormalizer.unicodeVersion())
                .put("passed_over", passedOver.json())
                .put("rejected", new TreeMap<>(rejected))
                .put("repaired", repaired)
                .put("sketches", sketches)
                .put("stages", tables);
        Stores.rewrite(store, directory + "/" + FILE, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
    }

    /** Whether a prepare run made the directory. */
    static boolean exists(Store store, String directory) throws IOException {
        return store.exists(path(directory));
    }

    /** Whether a run with this key made the directory. */
    static boolean isOf(Store store, String directory, String runKey) throws IOException {
        return exists(store, directory) && read(store, directory).runKey().equals(runKey);
    }

    /** Names of the directories of the stages that an output was made by, by stage. */
    static Map<String, String> stages(Store store, String directory) throws IOException {
        Map<String, String> stages = new TreeMap<>();
        JsonObject directories = json(store, directory).getObject("stages");
        directories.names().forEach(name -> stages.put(name, directories.getString(name)));
        return stages;
    }

    /** What kind of sketches an output has, see {@link SketchColumns#version}; empty when it has none. */
    static String sketches(Store store, String directory) throws IOException {
        JsonObject json = json(store, directory);
        return json.has("sketches") ? json.getString("sketches") : "";
    }

    /** What the files of thresholds said when an output was made; empty for one of an earlier version. */
    static Optional<ThresholdCatalog> thresholds(Store store, String directory) throws IOException {
        JsonObject json = json(store, directory);
        return json.has("thresholds")
                ? Optional.of(ThresholdCatalog.parse(json.getObject("thresholds")))
                : Optional.empty();
    }

    static Provenance read(Store store, String directory) throws IOException {
        JsonObject json = json(store, directory);
        Map<String, Long> rejected = new TreeMap<>();
        JsonObject counts = json.getObject("rejected");
        counts.names().forEach(kind -> rejected.put(kind, counts.getLong(kind)));
        return new Provenance(
                json.getString("run_key"),
                json.getString("config"),
                json.getString("config_sha256"),
                json.has("passed_over") ? PassedOver.of(json.getObject("passed_over")) : PassedOver.NONE,
                rejected,
                json.has("repaired") ? json.getLong("repaired") : 0);
    }

    private static JsonObject json(Store store, String directory) throws IOException {
        String path = path(directory);
        return Json.parseObject(store.root() + "/" + path, Stores.read(store, path, MAX_BYTES));
    }

    private static String path(String directory) {
        return directory.isEmpty() ? FILE : directory + "/" + FILE;
    }
}
