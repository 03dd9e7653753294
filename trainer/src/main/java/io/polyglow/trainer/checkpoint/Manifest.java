package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/**
 * {@code manifest.json}: what a checkpoint is a state of, and its {@link Inventory}. The document carries a CRC32C of its own bytes, taken with
 * eight zeros in the checksum's place.
 *
 * @param runId the run that wrote it, the same for all attempts
 * @param attempt the attempt that wrote it
 * @param step optimizer steps done
 * @param samples training samples consumed
 * @param layout the layout that wrote it; any other may read it
 * @param engine name of the engine that computed it
 * @param dtype compute dtype
 * @param config the resolved config, as YAML
 * @param dataFingerprint fingerprint of the corpus
 * @param tokenizerSha256 hash of the tokenizer
 * @param codeVersion version of this software
 */
public record Manifest(
        String runId,
        int attempt,
        long step,
        long samples,
        ParallelLayout layout,
        String engine,
        String dtype,
        String config,
        String dataFingerprint,
        String tokenizerSha256,
        String codeVersion,
        Inventory inventory) {
    static final String FILE = "manifest.json";
    static final int MAX_BYTES = 256 << 20;

    private static final String FORMAT = "polyglow-checkpoint";
    private static final int VERSION = 1;
    private static final String CRC_START = "{\n  \"crc32c\": \"";
    private static final String NO_CRC = "00000000";

    /** What is known before anything is written; {@code config} is the resolved config as YAML. */
    public static Manifest of(
            Attempt attempt,
            long step,
            long samples,
            ParallelLayout layout,
            String engine,
            String dtype,
            String config,
            CorpusManifest corpus) {
        String version = Manifest.class.getPackage().getImplementationVersion();
        return new Manifest(
                attempt.runId(),
                attempt.number(),
                step,
                samples,
                layout,
                engine,
                dtype,
                config,
                corpus.fingerprint(),
                corpus.tokenizerSha256(),
                version == null ? "development" : version,
                Inventory.empty());
    }

    byte[] encode() {
        JsonObject json = new JsonObject()
                .put("crc32c", NO_CRC)
                .put("format", FORMAT)
                .put("version", VERSION)
                .put("run_id", runId)
                .put("attempt", attempt)
                .put("step", step)
                .put("samples", samples)
                .put("layout", new JsonObject().put("data", layout.data()).put("pipeline", layout.pipeline()))
                .put("engine", engine)
                .put("dtype", dtype)
                .put("data_fingerprint", dataFingerprint)
                .put("tokenizer_sha256", tokenizerSha256)
                .put("code_version", codeVersion)
                .put("config", config);
        inventory.putInto(json);
        byte[] utf8 = Json.pretty(json).getBytes(StandardCharsets.UTF_8);
        byte[] crc = Inventory.hex(crc32c(utf8)).getBytes(StandardCharsets.UTF_8);
        System.arraycopy(crc, 0, utf8, CRC_START.length(), crc.length);
        return utf8;
    }

    /** Whatever breaks the format is a {@link ErrorKind#CHECKPOINT} error that ends with {@code remedy}; so is another version, without it. */
    static Manifest decode(String source, byte[] utf8, Supplier<String> remedy) {
        try {
            return from(source, utf8);
        } catch (PolyglowException e) {
            String what = "checkpoint manifest " + e.getMessage();
            throw e.kind() == ErrorKind.CHECKPOINT
                    ? e
                    : new PolyglowException(ErrorKind.CHECKPOINT, what + " " + remedy.get(), e);
        }
    }

    private static Manifest from(String source, byte[] utf8) {
        JsonObject json = Json.parseObject(source, utf8, MAX_BYTES);
        if (!json.getString("format", "").equals(FORMAT)) {
            throw json.problem("format", "this is no checkpoint manifest: expected \"" + FORMAT + "\".");
        }
        if (json.getInt("version") != VERSION) {
            PolyglowException other = json.problem(
                    "version",
                    "format version " + json.getInt("version") + ", but this Polyglow reads version " + VERSION
                            + "; use the release that wrote it, code_version says which.");
            throw new PolyglowException(ErrorKind.CHECKPOINT, "checkpoint manifest " + other.getMessage());
        }
        checkCrc(source, utf8, json);
        Set<String> known = new HashSet<>(Inventory.names());
        known.addAll(Set.of("crc32c", "format", "version", "run_id", "attempt", "step", "samples", "layout", "engine"));
        known.addAll(Set.of("dtype", "data_fingerprint", "tokenizer_sha256", "code_version", "config"));
        json.refuseUnknown(known);
        JsonObject layout = json.getObject("layout");
        return new Manifest(
                json.getString("run_id"),
                json.getInt("attempt", 0, Integer.MAX_VALUE),
                json.getLong("step", 0, Long.MAX_VALUE),
                json.getLong("samples", 0, Long.MAX_VALUE),
                new ParallelLayout(
                        layout.getInt("data", 1, Integer.MAX_VALUE), layout.getInt("pipeline", 1, Integer.MAX_VALUE)),
                json.getString("engine"),
                json.getString("dtype"),
                json.getString("config"),
                json.getString("data_fingerprint"),
                json.getString("tokenizer_sha256"),
                json.getString("code_version"),
                Inventory.from(json));
    }

    private static void checkCrc(String source, byte[] utf8, JsonObject json) {
        byte[] blank = utf8.clone();
        byte[] start = CRC_START.getBytes(StandardCharsets.UTF_8);
        boolean inPlace = utf8.length > start.length + NO_CRC.length();
        for (int i = 0; inPlace && i < start.length; i++) {
            inPlace = utf8[i] == start[i];
        }
        if (inPlace) {
            System.arraycopy(NO_CRC.getBytes(StandardCharsets.UTF_8), 0, blank, start.length, NO_CRC.length());
        }
        String actual = Inventory.hex(crc32c(blank));
        if (!inPlace || !actual.equals(json.getString("crc32c"))) {
            throw json.problem(
                    "crc32c",
                    "is " + json.getString("crc32c") + ", but the bytes of " + source + " have " + actual
                            + ": the manifest has been damaged or edited.");
        }
    }

    private static int crc32c(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
