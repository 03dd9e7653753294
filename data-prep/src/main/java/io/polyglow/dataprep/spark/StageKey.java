package io.polyglow.dataprep.spark;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.dataprep.doc.Digest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * What decides the result of a stage, as a hash: its code, its settings, whatever else it reads, and the keys of the stages it builds on. Equal keys mean equal
 * results, so that a result that is there need not be made again.
 *
 * @param name of the stage, fit for a directory
 * @param version of its code
 * @param hash lower-case hex SHA-256
 */
record StageKey(String name, int version, String hash) {
    private static final int SHORT = 16;

    /** Starts the key of a stage; {@code version} goes up with every change of code that can change its result. */
    static Builder of(String name, int version) {
        return new Builder(name, version).and("version " + version);
    }

    /** Name of the directory that holds the result. */
    String directory() {
        return name + "-" + hash.substring(0, SHORT);
    }

    /** Collects what decides a result, in order. */
    static final class Builder {
        private final String name;
        private final int version;
        private final List<String> parts = new ArrayList<>();

        private Builder(String name, int version) {
            this.name = name;
            this.version = version;
        }

        /** A stage whose result this one reads. */
        Builder and(StageKey input) {
            return and(input.name + " " + input.hash);
        }

        /** A section of the config. */
        Builder and(Record settings) {
            return and(ConfigFile.of(settings).yaml());
        }

        /** Anything else: a hash, a version. */
        Builder and(String part) {
            parts.add(part);
            return this;
        }

        StageKey key() {
            MessageDigest digest = Digest.newSha256();
            for (String part : parts) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update((bytes.length + "\n").getBytes(StandardCharsets.US_ASCII));
                digest.update(bytes);
            }
            return new StageKey(name, version, HexFormat.of().formatHex(digest.digest()));
        }
    }
}
