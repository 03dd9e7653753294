package io.polyglow.dataprep.spark;

import io.polyglow.common.token.shard.SourceFile;
import io.polyglow.dataprep.doc.Digest;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * SHA-256 of every input file, so that a corpus can tell what it was made from, and a re-run whether it would make the same. A file that is no longer there has {@link #VANISHED}
 * in its place, and its reader rejects it.
 */
final class SourceHashes {
    static final String VANISHED = "vanished";

    private SourceHashes() {}

    /** By executors, which will read the files. */
    static List<SourceFile> of(SparkSession spark, List<InputFile> files) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        SerializableConfiguration conf =
                new SerializableConfiguration(spark.sessionState().newHadoopConf());
        int partitions = Math.min(files.size(), 4 * context.defaultParallelism());
        List<String> hashes = context.parallelize(files, partitions)
                .map(file -> sha256(file.path(), conf.value()))
                .collect();
        return IntStream.range(0, files.size())
                .mapToObj(i -> sourceFile(files.get(i), hashes.get(i)))
                .toList();
    }

    /** By the driver, which alone reads these files; executors need not see them. */
    static List<SourceFile> ofDriver(List<InputFile> files, Configuration conf) throws IOException {
        List<SourceFile> hashed = new ArrayList<>();
        for (InputFile file : files) {
            hashed.add(sourceFile(file, sha256(file.path(), conf)));
        }
        return hashed;
    }

    private static SourceFile sourceFile(InputFile file, String sha256) {
        return new SourceFile(file.source(), file.bytes(), sha256);
    }

    private static String sha256(String uri, Configuration conf) throws IOException {
        MessageDigest digest = Digest.newSha256();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Locations.open(uri, 0, conf)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        } catch (FileNotFoundException e) {
            return VANISHED;
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
