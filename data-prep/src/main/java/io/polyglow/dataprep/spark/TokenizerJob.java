package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.tokenize.BpeTrainer;
import io.polyglow.dataprep.tokenize.CharTrainer;
import io.polyglow.dataprep.tokenize.LanguageWeights;
import io.polyglow.dataprep.tokenize.PreTokenSink;
import io.polyglow.dataprep.tokenize.TokenizerConfig;
import io.polyglow.dataprep.tokenize.TrainingReport;
import io.polyglow.dataprep.tokenize.UnigramTrainer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Trains a tokenizer on a cluster: tasks count pre-tokens, a shuffle adds the counts up in 64 bits, and the driver learns from the
 * (pre-token, count) table. The result depends on the text alone, not on partitions. The driver holds the table, at most {@code max-pre-tokens} rows of eight bytes on
 * average: when there are more, the rarest pre-tokens are left out.
 */
public final class TokenizerJob {
    private static final String PRE_TOKEN = "pre_token";
    private static final String COUNT = "count";
    private static final StructType COUNTS =
            new StructType().add(PRE_TOKEN, DataTypes.BinaryType, false).add(COUNT, DataTypes.LongType, false);

    /** The driver fetches the table partition by partition, a job each; many small ones would cost more than what is in them. */
    private static final long ROWS_OF_A_JOB = 200_000;

    private TokenizerJob() {}

    /**
     * Trains on raw files, byte for byte: nothing is decoded, normalised or left out, and lines keep their endings.
     *
     * @param inputs files, directories or globs; compressed files are decompressed
     */
    public static TrainedTokenizer run(
            SparkSession spark, List<String> inputs, TokenizerConfig config, ProgressListener listener) {
        config.requireRoom();
        Configuration conf = spark.sessionState().newHadoopConf();
        List<InputFile> files = new ArrayList<>();
        inputs.forEach(input -> files.addAll(InputFiles.list(conf, input, Format.LINES)));
        try (StageTracker stages = new StageTracker(spark, "tokenizer train", 1, listener)) {
            return stages.run("train tokenizer", () -> train(spark, rawLines(spark, files), config));
        }
    }

    /** Trains on texts. */
    static TrainedTokenizer train(SparkSession spark, JavaRDD<TrainingText> texts, TokenizerConfig config) {
        LanguageWeights weights = weights(texts, config);
        PreTokenPattern pattern = config.pattern();
        JavaRDD<Row> partial = texts.mapPartitions(partition -> new PartialCounts(partition, pattern, weights));
        Dataset<Row> counts = spark.createDataFrame(partial, COUNTS)
                .groupBy(PRE_TOKEN)
                .agg(functions.sum(COUNT).as(COUNT))
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            return learn(counts, config, weights);
        } finally {
            counts.unpersist();
        }
    }

    private static TrainedTokenizer learn(Dataset<Row> counts, TokenizerConfig config, LanguageWeights weights) {
        Row all = counts.agg(functions.count(functions.lit(1)), Cut.bytes()).first();
        long distinct = all.getLong(0);
        if (distinct == 0) {
            throw new PolyglowException(
                    ErrorKind.DATA, "There is no text to train a tokenizer on: all inputs are empty.");
        }
        long max = config.maxPreTokens();
        boolean fits = distinct <= max && all.getLong(1) <= Cut.BYTES_OF_EACH * max;
        Cut cut = fits ? Cut.ALL : Cut.of(counts, max);
        Dataset<Row> kept = cut.isAll() ? counts : counts.filter(cut.keeps());
        long dropped = cut.isAll() ? 0 : distinct - kept.count();
        int jobs = (int) (1 + (distinct - dropped) / ROWS_OF_A_JOB);
        TrainingReport report = new TrainingReport(distinct, dropped, cut.least(), weights.weights(), weights.scale());
        return new TrainedTokenizer(learn(kept.coalesce(jobs).toLocalIterator(), config, weights.scale()), report);
    }

    /**
     * Which pre-tokens are learned from: those seen more than {@code count} times, and of those seen so often a share, drawn by their hash. So a language without spaces,
     * most of whose pre-tokens are seen once, is left with a sample of them.
     */
    private record Cut(long count, double share) {
        private static final Cut ALL = new Cut(0, 1);
        private static final int BYTES_OF_EACH = 8;
        private static final int GRAINS = 1 << 20;

        /** The largest part with at most {@code max} pre-tokens of at most {@value #BYTES_OF_EACH} bytes on average. */
        static Cut of(Dataset<Row> counts, long max) {
            Iterator<Row> histogram = counts.groupBy(COUNT)
                    .agg(functions.count(functions.lit(1)), bytes())
                    .orderBy(functions.col(COUNT).desc())
                    .toLocalIterator();
            long rows = 0;
            long bytes = 0;
            while (histogram.hasNext()) {
                Row row = histogram.next();
                double roomForRows = (double) (max - rows) / row.getLong(1);
                double roomForBytes = (double) (BYTES_OF_EACH * max - bytes) / row.getLong(2);
                if (Math.min(roomForRows, roomForBytes) < 1) {
                    return new Cut(row.getLong(0), Math.min(roomForRows, roomForBytes));
                }
                rows += row.getLong(1);
                bytes += row.getLong(2);
            }
            return ALL;
        }

        static Column bytes() {
            return functions.sum(functions.octet_length(functions.col(PRE_TOKEN)));
        }

        boolean isAll() {
            return equals(ALL);
        }

        /** Occurrences of the rarest that are kept. */
        long least() {
            return Math.max(1, count);
        }

        Column keeps() {
            Column grain = functions.pmod(functions.xxhash64(functions.col(PRE_TOKEN)), functions.lit(GRAINS));
            return functions
                    .col(COUNT)
                    .gt(count)
                    .or(functions.col(COUNT).equalTo(count).and(grain.lt(share * GRAINS)));
        }
    }

    private static LanguageWeights weights(JavaRDD<TrainingText> texts, TokenizerConfig config) {
        if (!config.weighsLanguages()) {
            return LanguageWeights.EQUAL;
        }
        Map<String, Long> bytes = texts.mapToPair(text -> new Tuple2<>(text.language, (long) text.utf8.length))
                .reduceByKey(Long::sum)
                .collectAsMap();
        return LanguageWeights.of(bytes, config.languageAlpha(), config.languageWeights());
    }

    private static Tokenizer learn(Iterator<Row> counts, TokenizerConfig config, long scale) {
        if (config.pattern() == PreTokenPattern.CHAR) {
            CharTrainer trainer = new CharTrainer(config.specials(), config.byteFallback());
            feed(counts, trainer);
            return new ByteLevelBpe(trainer.train());
        }
        if (config.model() == TokenizerConfig.Model.UNIGRAM) {
            UnigramTrainer trainer = new UnigramTrainer(config);
            feed(counts, trainer);
            return parse(trainer.train());
        }
        BpeTrainer trainer = new BpeTrainer(config.bpe(scale));
        feed(counts, trainer);
        return new ByteLevelBpe(trainer.train());
    }

    private static Tokenizer parse(byte[] json) {
        try {
            return TokenizerFile.parse("tokenizer.json", new ByteArrayInputStream(json));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void feed(Iterator<Row> counts, PreTokenSink trainer) {
        counts.forEachRemaining(row -> trainer.add(row.getAs(0), row.getLong(1)));
    }

    private static JavaRDD<TrainingText> rawLines(SparkSession spark, List<InputFile> files) {
        SerializableConfiguration conf =
                new SerializableConfiguration(spark.sessionState().newHadoopConf());
        return InputSlices.distribute(spark, InputSlices.of(spark, files))
                .flatMap(slice -> new RawLines(slice, conf.value()))
                .map(line -> new TrainingText("", line));
    }
}
