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
 * (pre-token, count) table. The result depends on the text alone, not on partitions. The driver holds the table, at most {@code max-pre-tokens} rows: when there are
 * more, all pre-tokens below the smallest count that makes the rest fit are left out.
 */
public final class TokenizerJob {
    private static final String PRE_TOKEN = "pre_token";
    private static final String COUNT = "count";
    private static final StructType COUNTS =
            new StructType().add(PRE_TOKEN, DataTypes.BinaryType, false).add(COUNT, DataTypes.LongType, false);

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
        long distinct = counts.count();
        if (distinct == 0) {
            throw new PolyglowException(
                    ErrorKind.DATA, "There is no text to train a tokenizer on: all inputs are empty.");
        }
        long least = distinct <= config.maxPreTokens() ? 1 : leastCount(counts, config.maxPreTokens());
        Dataset<Row> kept =
                least == 1 ? counts : counts.filter(functions.col(COUNT).geq(least));
        long dropped = least == 1 ? 0 : distinct - kept.count();
        TrainingReport report = new TrainingReport(distinct, dropped, least, weights.weights(), weights.scale());
        return new TrainedTokenizer(learn(kept.toLocalIterator(), config, weights.scale()), report);
    }

    /** The smallest count that at most {@code max} pre-tokens reach. */
    private static long leastCount(Dataset<Row> counts, long max) {
        Iterator<Row> histogram = counts.groupBy(COUNT)
                .agg(functions.count(functions.lit(1)).as("words"))
                .orderBy(functions.col(COUNT).desc())
                .toLocalIterator();
        long kept = 0;
        long least = Long.MAX_VALUE;
        while (histogram.hasNext()) {
            Row row = histogram.next();
            kept += row.getLong(1);
            if (kept > max) {
                break;
            }
            least = row.getLong(0);
        }
        if (least == Long.MAX_VALUE) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "More than " + max
                            + " distinct pre-tokens occur equally often, and none more often, so no rarest ones can be left out. Raise tokenizer.max-pre-tokens.");
        }
        return least;
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
