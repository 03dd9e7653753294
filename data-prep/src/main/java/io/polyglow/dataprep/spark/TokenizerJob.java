package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.tokenize.BpeTrainer;
import io.polyglow.dataprep.tokenize.BpeTrainerConfig;
import io.polyglow.dataprep.tokenize.CharTrainer;
import io.polyglow.dataprep.tokenize.PreTokenSink;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Trains a tokenizer on a cluster: tasks count pre-tokens, a shuffle adds the counts up in 64 bits, and the driver learns merges from the
 * (pre-token, count) table. The result depends on the text alone, not on partitions.
 */
public final class TokenizerJob {
    /** The one special token: it ends every document. */
    public static final String END_OF_TEXT = "<|endoftext|>";

    private static final StructType COUNTS =
            new StructType().add("pre_token", DataTypes.BinaryType, false).add("count", DataTypes.LongType, false);

    private TokenizerJob() {}

    /** What to train. {@code vocabSize} does not matter to characters, {@code byteFallback} to nothing else. */
    public record Settings(PreTokenPattern pattern, int vocabSize, boolean byteFallback) {
        /** Refuses a vocabulary that is too small, before anything is read. */
        public Settings {
            if (pattern != PreTokenPattern.CHAR) {
                merges(pattern, vocabSize).requireRoom();
            }
        }

        private static BpeTrainerConfig merges(PreTokenPattern pattern, int vocabSize) {
            return BpeTrainerConfig.of(pattern, vocabSize, List.of(END_OF_TEXT));
        }
    }

    /**
     * Trains on raw files, byte for byte: nothing is decoded, normalised or left out, and lines keep their endings.
     *
     * @param inputs files, directories or globs; compressed files are decompressed
     */
    public static ByteLevelBpe run(
            SparkSession spark, List<String> inputs, Settings settings, ProgressListener listener) {
        Configuration conf = spark.sessionState().newHadoopConf();
        List<InputFile> files = new ArrayList<>();
        inputs.forEach(input -> files.addAll(InputFiles.list(conf, input, Format.LINES)));
        try (StageTracker stages = new StageTracker(spark, "tokenizer train", 1, listener)) {
            return stages.run("train tokenizer", () -> train(spark, rawLines(spark, files), settings));
        }
    }

    /** Trains on UTF-8 texts, each of which begins and ends lines. */
    static ByteLevelBpe train(SparkSession spark, JavaRDD<byte[]> texts, Settings settings) {
        PreTokenPattern pattern = settings.pattern();
        JavaRDD<Row> partial = texts.mapPartitions(partition -> new PartialCounts(partition, pattern));
        Iterator<Row> counts = spark.createDataFrame(partial, COUNTS)
                .groupBy("pre_token")
                .agg(functions.sum("count"))
                .toLocalIterator();
        if (!counts.hasNext()) {
            throw new PolyglowException(
                    ErrorKind.DATA, "There is no text to train a tokenizer on: all inputs are empty.");
        }
        return pattern == PreTokenPattern.CHAR ? learnCharacters(counts, settings) : learnMerges(counts, settings);
    }

    private static ByteLevelBpe learnCharacters(Iterator<Row> counts, Settings settings) {
        CharTrainer trainer = new CharTrainer(List.of(END_OF_TEXT), settings.byteFallback());
        feed(counts, trainer);
        return new ByteLevelBpe(trainer.train());
    }

    private static ByteLevelBpe learnMerges(Iterator<Row> counts, Settings settings) {
        BpeTrainer trainer = new BpeTrainer(Settings.merges(settings.pattern(), settings.vocabSize()));
        feed(counts, trainer);
        return new ByteLevelBpe(trainer.train());
    }

    private static void feed(Iterator<Row> counts, PreTokenSink trainer) {
        counts.forEachRemaining(row -> trainer.add(row.getAs(0), row.getLong(1)));
    }

    private static JavaRDD<byte[]> rawLines(SparkSession spark, List<InputFile> files) {
        SerializableConfiguration conf =
                new SerializableConfiguration(spark.sessionState().newHadoopConf());
        return InputSlices.distribute(spark, InputSlices.of(spark, files))
                .flatMap(slice -> new RawLines(slice, conf.value()));
    }
}
