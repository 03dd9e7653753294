package io.polyglow.dataprep.spark;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.sample.GeneratedWeb;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.agrona.concurrent.NanoClock;
import org.apache.hadoop.fs.ContentSummary;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/**
 * The whole of prepare, with its defaults for web text, on generated corpora of several sizes: what each stage costs, whether the cost grows as the text does, and how much of the heap it
 * takes. In local mode, where this process is the only executor.
 */
public final class PrepareBench {
    private static final int MEGABYTE = 1_000_000;
    /** Documents of one task of the generator. */
    private static final int BLOCK = 4_000;
    /** What a line of {@link GeneratedWeb} has on average. */
    private static final int BYTES_OF_LINE = 8_350;

    private final SparkSession spark;
    private final Settings settings;
    private final NanoClock clock;
    private final Consumer<String> news;

    private PrepareBench(SparkSession spark, Settings settings, NanoClock clock, Consumer<String> news) {
        this.spark = spark;
        this.settings = settings;
        this.clock = clock;
        this.news = news;
    }

    /**
     * What is measured.
     *
     * @param megabytes sizes of the corpora, JSON lines uncompressed, about
     * @param overrides settings of prepare
     */
    public record Settings(List<Integer> megabytes, long seed, List<String> overrides) {}

    /**
     * Runs it in {@code directory}, some five times the text; the caller deletes it.
     *
     * @return {@code rows}, one for each size: {@code input_mb}, {@code documents}, {@code kept_documents}, {@code seconds}, {@code mb_per_second_and_core}, {@code live_heap_mb} (the most that a collection left), {@code stages} with
     *     {@code seconds} and {@code mb_per_second_and_core}, {@code steps} of stages; {@code seconds_per_gb_last_over_first}
     */
    public static JsonObject run(
            SparkSession spark, Settings settings, Path directory, NanoClock clock, Consumer<String> news)
            throws IOException, InterruptedException {
        return new PrepareBench(spark, settings, clock, news).run(directory);
    }

    private JsonObject run(Path directory) throws IOException, InterruptedException {
        JsonArray rows = new JsonArray();
        List<Double> secondsPerByte = new ArrayList<>();
        for (int megabytes : settings.megabytes()) {
            Path raw = directory.resolve("raw-" + megabytes);
            long bytes = generate(megabytes, raw);
            JsonObject row = prepare(raw, directory.resolve("corpus-" + megabytes), megabytes, bytes);
            rows.add(row);
            secondsPerByte.add(row.getDouble("seconds") / bytes);
            try (FileSystem files = FileSystem.newInstance(spark.sessionState().newHadoopConf())) {
                files.delete(Locations.path(directory.toString()), true);
            }
        }
        return new JsonObject()
                .put("cores", cores())
                .put("max_heap_mb", Runtime.getRuntime().maxMemory() / MEGABYTE)
                .put("rows", rows)
                .put(
                        "seconds_per_gb_last_over_first",
                        secondsPerByte.get(secondsPerByte.size() - 1) / secondsPerByte.get(0));
    }

    private int cores() {
        return spark.sparkContext().defaultParallelism();
    }

    private static long documents(int megabytes) {
        return Math.max(1, (long) megabytes * MEGABYTE / BYTES_OF_LINE);
    }

    private long generate(int megabytes, Path raw) throws IOException {
        news.accept("generating " + megabytes + " MB ...");
        long documents = documents(megabytes);
        long seed = settings.seed();
        MapPartitionsFunction<Long, String> lines = indices -> {
            GeneratedWeb web = new GeneratedWeb(seed);
            Iterable<Long> each = () -> indices;
            return java.util.stream.StreamSupport.stream(each.spliterator(), false)
                    .map(web::line)
                    .iterator();
        };
        int partitions = (int) Math.max(1, documents / BLOCK);
        spark.range(0, documents, 1, partitions)
                .as(Encoders.LONG())
                .mapPartitions(lines, Encoders.STRING())
                .write()
                .text(raw.toUri().toString());
        org.apache.hadoop.fs.Path path = Locations.path(raw.toString());
        try (FileSystem files = FileSystem.newInstance(spark.sessionState().newHadoopConf())) {
            ContentSummary summary = files.getContentSummary(path);
            return summary.getLength();
        }
    }

    private JsonObject prepare(Path raw, Path output, int megabytes, long bytes) throws InterruptedException {
        List<String> overrides = new ArrayList<>(
                List.of("input=" + raw, "output=" + output, "format=jsonl", "tokenizer.vocab-size=32768"));
        overrides.addAll(settings.overrides());
        PrepareConfig config =
                ConfigFile.load(PrepareConfig.class, "bench", "", overrides).value();
        Map<String, Double> seconds = new LinkedHashMap<>();
        StageTimes times = new StageTimes(clock, seconds, news);
        TaskShares shares = new TaskShares(documents(megabytes) / 100);
        spark.sparkContext().addSparkListener(shares);
        long startNs = clock.nanoTime();
        PrepareReport report;
        long liveBytes;
        try (LiveHeap heap = new LiveHeap()) {
            report = PrepareJob.run(spark, config, times);
            liveBytes = heap.mostBytes();
        }
        double all = (clock.nanoTime() - startNs) / 1e9;
        shares.finish(spark.sparkContext());
        JsonObject stages = new JsonObject();
        seconds.forEach((stage, time) -> stages.put(
                stage, new JsonObject().put("seconds", time).put("mb_per_second_and_core", speed(bytes, time))));
        return new JsonObject()
                .put("input_mb", bytes / MEGABYTE)
                .put("documents", documents(megabytes))
                .put("kept_documents", report.total().documents())
                .put("tokens", report.total().tokens())
                .put("seconds", all)
                .put("mb_per_second_and_core", speed(bytes, all))
                .put("live_heap_mb", liveBytes / MEGABYTE)
                .put("rejected", new TreeMap<>(report.rejected()))
                .put("stages", stages)
                .put("steps", shares.json());
    }

    private double speed(long bytes, double seconds) {
        return bytes / 1e6 / seconds / cores();
    }

    /** Writes down how long each stage took. */
    private static final class StageTimes implements ProgressListener {
        private final NanoClock clock;
        private final Map<String, Double> seconds;
        private final Consumer<String> news;
        private int stage;
        private long startNs;

        StageTimes(NanoClock clock, Map<String, Double> seconds, Consumer<String> news) {
            this.clock = clock;
            this.seconds = seconds;
            this.news = news;
        }

        @Override
        public synchronized void progress(Progress progress) {
            if (progress.stage() != stage) {
                stage = progress.stage();
                startNs = clock.nanoTime();
            }
            if (progress.fraction() >= 1) {
                double elapsed = (clock.nanoTime() - startNs) / 1e9;
                seconds.put(progress.name(), elapsed);
                news.accept(String.format(java.util.Locale.ROOT, "  %s: %.1f s", progress.name(), elapsed));
            }
        }
    }
}
