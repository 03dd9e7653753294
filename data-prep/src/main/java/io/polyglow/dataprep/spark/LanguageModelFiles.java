package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.language.LanguageAnnotator;
import io.polyglow.dataprep.language.LanguageConfig;
import io.polyglow.dataprep.language.LanguageIdentifier;
import io.polyglow.dataprep.language.LanguageModels;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkFiles;
import org.apache.spark.sql.SparkSession;

/**
 * The model files of a {@link LanguageConfig} on a cluster: each executor gets a copy of each file once (Spark's {@code addFile}), opens it once and maps it; tasks carry names only. Made on the
 * driver, sent to tasks.
 */
final class LanguageModelFiles implements Serializable {
    private static final long serialVersionUID = 1;

    private final LanguageConfig config;
    /** Where each of the config's models is found: a bundled name, a local path in local mode, or the name of a distributed file. */
    private final List<String> places;

    private final boolean distributed;

    private LanguageModelFiles(LanguageConfig config, List<String> places, boolean distributed) {
        this.config = config;
        this.places = places;
        this.distributed = distributed;
    }

    /** Hands the files out to all executors, present and future. */
    static LanguageModelFiles distribute(SparkSession spark, LanguageConfig config) {
        boolean inThisProcess =
                spark.sparkContext().isLocal() && config.models().stream().allMatch(Locations::isLocal);
        List<String> places = new ArrayList<>();
        for (String model : config.models()) {
            if (LanguageModels.isBundled(model) || inThisProcess) {
                places.add(model);
            } else {
                spark.sparkContext().addFile(Locations.path(model).toUri().toString());
                places.add(Locations.path(model).getName());
            }
        }
        return new LanguageModelFiles(config, places, !inThisProcess);
    }

    /** What the answers of the config's models depend on, for stage keys: code, bundled model, SHA-256 of each file. */
    static List<String> versions(LanguageConfig config, Configuration conf) {
        List<String> versions = new ArrayList<>(List.of(LanguageAnnotator.VERSION));
        for (String model : config.models()) {
            versions.add(LanguageModels.isBundled(model) ? LanguageModels.bundledVersion() : sha256(model, conf));
        }
        return versions;
    }

    /** An annotator for the calling thread. */
    LanguageAnnotator annotator() {
        List<LanguageIdentifier> identifiers =
                places.stream().map(this::identifier).toList();
        return new LanguageAnnotator(identifiers, config);
    }

    private LanguageIdentifier identifier(String place) {
        if (LanguageModels.isBundled(place)) {
            return LanguageModels.bundled();
        }
        return LanguageModels.fastText(Path.of(distributed ? SparkFiles.get(place) : place));
    }

    private static String sha256(String model, Configuration conf) {
        MessageDigest digest = Digest.newSha256();
        try (InputStream in =
                new DigestInputStream(Locations.open(Locations.path(model).toString(), 0, conf), digest)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA, "The language model " + model + " cannot be read: " + e.getMessage(), e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
