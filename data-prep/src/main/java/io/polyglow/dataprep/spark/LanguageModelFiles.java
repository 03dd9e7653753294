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
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
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

    private final List<String> names;
    private final boolean distributed;

    private LanguageModelFiles(LanguageConfig config, List<String> places, boolean distributed) {
        this.config = config;
        this.places = places;
        this.names = LanguageModels.names(config.models());
        this.distributed = distributed;
    }

    /** Hands the files out to all executors, present and future. */
    static LanguageModelFiles distribute(SparkSession spark, LanguageConfig config) {
        boolean inThisProcess =
                spark.sparkContext().isLocal() && config.models().stream().allMatch(Locations::isLocal);
        return inThisProcess ? new LanguageModelFiles(config, config.models(), false) : send(spark, config);
    }

    /** As {@link #distribute}, also where driver and executors are one process. */
    static LanguageModelFiles send(SparkSession spark, LanguageConfig config) {
        List<String> places = new ArrayList<>();
        for (String model : config.models()) {
            if (LanguageModels.isBundled(model)) {
                places.add(model);
                continue;
            }
            String name = Locations.path(model).getName();
            boolean shared = config.models().stream()
                    .anyMatch(other -> !other.equals(model)
                            && Locations.path(other).getName().equals(name));
            URI file = shared
                    ? renamed(model, places.size() + "-" + name, spark)
                    : Locations.path(model).toUri();
            spark.sparkContext().addFile(file.toString());
            places.add(shared ? places.size() + "-" + name : name);
        }
        return new LanguageModelFiles(config, places, true);
    }

    /** The same file under another name on this machine: Spark's executors keep all files that they get in one folder. */
    private static URI renamed(String model, String name, SparkSession spark) {
        try {
            Path folder = Files.createTempDirectory("polyglow-models");
            folder.toFile().deleteOnExit();
            Path file = folder.resolve(name);
            file.toFile().deleteOnExit();
            if (Locations.isLocal(model)) {
                Files.createSymbolicLink(file, Path.of(model).toAbsolutePath());
            } else {
                Configuration conf = spark.sessionState().newHadoopConf();
                try (InputStream in = Locations.open(Locations.path(model).toString(), 0, conf)) {
                    Files.copy(in, file);
                }
            }
            return file.toUri();
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "The language model " + model + " shares its file name with another one, and a copy named " + name
                            + " cannot be made: " + e.getMessage() + ". Give the files different names.",
                    e);
        }
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
        List<LanguageIdentifier> identifiers = IntStream.range(0, places.size())
                .mapToObj(i -> identifier(places.get(i), names.get(i)))
                .toList();
        return new LanguageAnnotator(identifiers, config);
    }

    private LanguageIdentifier identifier(String place, String name) {
        if (LanguageModels.isBundled(place)) {
            return LanguageModels.bundled();
        }
        return LanguageModels.fastText(Path.of(distributed ? SparkFiles.get(place) : place), name);
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
