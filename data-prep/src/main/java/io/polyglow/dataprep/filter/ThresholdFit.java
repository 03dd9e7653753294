package io.polyglow.dataprep.filter;

import io.polyglow.dataprep.filter.QualityStats.RepetitionStats;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Fits the thresholds of one language to a corpus of that language that is held to be good, from histograms with bins of a thousandth: so the result is exact
 * to the bin and does not depend on the order of documents.
 *
 * <p>The smallest score of the language is the median less the standard deviation, within 0.3 and 0.9, as FineWeb-2 has it (arXiv 2506.20920): of what the detector makes of documents that
 * it gave a score for their language, wherever that came from; with too few of these it is not fitted. Every other bound cuts
 * off a tail (FineWeb-2's "10Tail"): a minimum is the tail's quantile, a maximum that of one less the tail. A bound on a share is never more than twice as strict
 * as {@code default.yaml}'s, since a clean corpus may have no repetition at all.
 */
public final class ThresholdFit {
    private static final double LOWEST_SCORE = 0.3;
    private static final double HIGHEST_SCORE = 0.9;
    private static final int BINS_PER_ONE = 1000;
    private static final int MAX_BIN = 1_000_000;
    private static final int SCORE = 0;
    private static final int NONE = -1;
    private static final int WORD_LENGTH = 1;
    private static final int ALPHABETIC = 2;
    private static final int PUNCTUATED = 3;
    private static final int LINE_FEEDS = 4;
    private static final int DUPLICATE_LINES = 5;
    private static final int TOP = 6;
    private static final int TOP_COUNT = RepetitionStats.LAST_TOP - RepetitionStats.FIRST_TOP + 1;
    private static final int DUPLICATE = TOP + TOP_COUNT;
    private static final int DUPLICATE_COUNT = RepetitionStats.LAST_DUPLICATE - RepetitionStats.FIRST_DUPLICATE + 1;
    private static final List<ToDoubleFunction<QualityStats>> MEASURES = measures();

    private final Map<Integer, TreeMap<Integer, Long>> histograms = new TreeMap<>();

    /**
     * The bin of each measure of a document; the index is what {@link #add} wants. Negative where there is nothing to add.
     *
     * @param score of the detector for the document's language; null when it has none
     */
    public static int[] bins(QualityStats stats, @Nullable Double score) {
        int[] bins = new int[MEASURES.size() + 1];
        bins[SCORE] = score == null ? NONE : bin(score);
        for (int i = 0; i < MEASURES.size(); i++) {
            bins[i + 1] = bin(MEASURES.get(i).applyAsDouble(stats));
        }
        return bins;
    }

    /** Adds documents to a bin. */
    public void add(int measure, int bin, long documents) {
        histograms.computeIfAbsent(measure, m -> new TreeMap<>()).merge(bin, documents, Long::sum);
    }

    /** Documents added so far. */
    public long documents() {
        return documents(WORD_LENGTH);
    }

    /** Of these, documents with a score of the detector. */
    public long scored() {
        return documents(SCORE);
    }

    private long documents(int measure) {
        return total(histograms.getOrDefault(measure, new TreeMap<>()));
    }

    /**
     * The file {@code <label>.yaml} that {@link FilterConfig#thresholds} reads.
     *
     * @param tail share of the documents that each bound alone may cut off, such as 0.1
     * @param minScored fewest scores that {@code language-score} is fitted to
     * @param stopWords of the language; none leaves those of the built-in file
     */
    public String yaml(double tail, long minScored, List<String> stopWords) {
        Thresholds base = ThresholdCatalog.builtIn().of("");
        return "# fitted to " + documents() + " documents, tail " + tail + "; the detector has a score for " + scored()
                + "\n"
                + (scored() < minScored ? "" : line("", "language-score", score()))
                + "gopher-quality:\n"
                + line("  ", "min-mean-word-length", quantile(WORD_LENGTH, tail))
                + line("  ", "max-mean-word-length", quantile(WORD_LENGTH, 1 - tail))
                + line("  ", "min-alphabetic-words", quantile(ALPHABETIC, tail))
                + "gopher-repetition:\n"
                + line(
                        "  ",
                        "max-duplicate-lines",
                        maximum(DUPLICATE_LINES, tail, base.gopherRepetition().maxDuplicateLines()))
                + list(
                        "max-top-n-grams",
                        TOP,
                        TOP_COUNT,
                        tail,
                        base.gopherRepetition().maxTopNGrams())
                + list(
                        "max-duplicate-n-grams",
                        DUPLICATE,
                        DUPLICATE_COUNT,
                        tail,
                        base.gopherRepetition().maxDuplicateNGrams())
                + "fineweb:\n"
                + line(
                        "  ",
                        "min-punctuated-lines",
                        minimum(PUNCTUATED, tail, base.fineweb().minPunctuatedLines()))
                + line(
                        "  ",
                        "max-line-feeds",
                        maximum(LINE_FEEDS, tail, base.fineweb().maxLineFeeds()))
                + (stopWords.isEmpty() ? "" : "stop-words: " + quoted(stopWords) + "\n");
    }

    /** In single quotes, so that YAML does not take {@code no} or {@code y} for a truth value. */
    private static String quoted(List<String> words) {
        return words.stream()
                .map(word -> "'" + word.replace("'", "''") + "'")
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private double score() {
        double median = quantile(SCORE, 0.5);
        return Math.min(HIGHEST_SCORE, Math.max(LOWEST_SCORE, median - deviation(SCORE)));
    }

    private double maximum(int measure, double tail, @Nullable Double base) {
        double fitted = quantile(measure, 1 - tail);
        return base == null ? fitted : Math.max(fitted, base / 2);
    }

    private double minimum(int measure, double tail, @Nullable Double base) {
        double fitted = quantile(measure, tail);
        return base == null ? fitted : Math.min(fitted, base * 2);
    }

    private String list(String name, int first, int count, double tail, @Nullable List<Double> base) {
        return IntStream.range(0, count)
                .mapToObj(i -> number(maximum(first + i, tail, base == null ? null : base.get(i))))
                .collect(Collectors.joining(", ", "  " + name + ": [", "]\n"));
    }

    private static String line(String indent, String name, double value) {
        return indent + name + ": " + number(value) + "\n";
    }

    private static String number(double value) {
        return Rule.number(value);
    }

    /** The smallest bin that at least this share of the documents reaches or stays below. */
    private double quantile(int measure, double share) {
        TreeMap<Integer, Long> histogram = histograms.getOrDefault(measure, new TreeMap<>());
        double least = share * total(histogram);
        long passed = 0;
        for (Map.Entry<Integer, Long> bin : histogram.entrySet()) {
            passed += bin.getValue();
            if (passed >= least) {
                return (double) bin.getKey() / BINS_PER_ONE;
            }
        }
        return 0;
    }

    private double deviation(int measure) {
        TreeMap<Integer, Long> histogram = histograms.getOrDefault(measure, new TreeMap<>());
        double documents = total(histogram);
        double mean = 0;
        double squares = 0;
        for (Map.Entry<Integer, Long> bin : histogram.entrySet()) {
            double value = (double) bin.getKey() / BINS_PER_ONE;
            mean += value * bin.getValue() / documents;
            squares += value * value * bin.getValue() / documents;
        }
        return Math.sqrt(Math.max(0, squares - mean * mean));
    }

    private static long total(Map<Integer, Long> histogram) {
        return histogram.values().stream().mapToLong(Long::longValue).sum();
    }

    private static int bin(double value) {
        return (int) Math.min(MAX_BIN, Math.round(value * BINS_PER_ONE));
    }

    private static List<ToDoubleFunction<QualityStats>> measures() {
        List<ToDoubleFunction<QualityStats>> measures = new ArrayList<>(List.of(
                s -> s.words().meanLength(),
                s -> s.words().alphabetic(),
                s -> s.fineweb().punctuated(),
                s -> s.fineweb().lineFeeds(),
                s -> s.repetition().duplicateLines()));
        for (int i = 0; i < TOP_COUNT; i++) {
            int index = i;
            measures.add(s -> s.repetition().topNGrams().get(index));
        }
        for (int i = 0; i < DUPLICATE_COUNT; i++) {
            int index = i;
            measures.add(s -> s.repetition().duplicateNGrams().get(index));
        }
        return List.copyOf(measures);
    }
}
