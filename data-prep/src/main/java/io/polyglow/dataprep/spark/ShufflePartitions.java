package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/**
 * Gives the shuffles of a job as many partitions as what it reads needs, if the session has fewer: so no task sorts more than some 32 MB of text, whatever the size of the corpus, or of the
 * sketches of earlier corpora, which are as long as text. Spark puts small partitions together again.
 */
final class ShufflePartitions {
    private static final String KEY = "spark.sql.shuffle.partitions";
    private static final long TEXT_BYTES = 32 << 20;
    private static final long MOST = 20_000;
    /** How much longer text usually is than its compressed file, or than its column in Parquet; footers would tell, but the driver would have to open every file. */
    private static final int COMPRESSION = 4;

    private ShufflePartitions() {}

    /** Runs a job that reads these files and compares them with these corpora; the session has its own number again after it. */
    static <T> T whileReading(List<InputFile> files, List<EarlierCorpus> earlier, SparkSession spark, Job<T> job)
            throws IOException {
        String before = spark.conf().get(KEY);
        long bytes = textBytes(files)
                + earlier.stream().mapToLong(EarlierCorpus::bytes).sum();
        long wanted = Math.min(MOST, bytes / TEXT_BYTES);
        if (wanted > Long.parseLong(before)) {
            spark.conf().set(KEY, wanted);
        }
        try {
            return job.run();
        } finally {
            spark.conf().set(KEY, before);
        }
    }

    /** What runs. */
    @FunctionalInterface
    interface Job<T> {
        /** Runs. */
        T run() throws IOException;
    }

    private static long textBytes(List<InputFile> files) {
        return files.stream()
                .mapToLong(file -> isCompressed(file) ? COMPRESSION * file.bytes() : file.bytes())
                .sum();
    }

    private static boolean isCompressed(InputFile file) {
        return file.compression() != Compression.NONE || file.format() == Format.PARQUET;
    }
}
