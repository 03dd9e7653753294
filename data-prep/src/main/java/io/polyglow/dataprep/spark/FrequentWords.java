package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.words.Words;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * The words that make most of a language's text, which are its stop words: with a letter, lower-cased, at least 0.4 % of all words; the share is halved until there are ten, and the
 * list ends at 24. The same for any partitioning.
 */
final class FrequentWords {
    private static final double SHARE = 0.004;
    private static final int FEWEST = 10;
    private static final int MOST = 24;
    private static final int MAX_CHARS = 30;

    private FrequentWords() {}

    /** By language, most frequent first, of texts with columns {@code language, text}. */
    static Map<String, List<String>> of(Dataset<Row> texts) {
        Map<String, List<String>> words = new TreeMap<>();
        texts.select(DocumentTable.LANGUAGE, DocumentTable.TEXT)
                .javaRDD()
                .mapPartitionsToPair(FrequentWords::words)
                .reduceByKey(Long::sum)
                .mapToPair(count ->
                        new Tuple2<>(count._1()._1(), new Count(count._1()._2(), count._2())))
                .aggregateByKey(new Top(), Top::add, Top::merge)
                .collectAsMap()
                .forEach((language, top) -> words.put(language, top.words()));
        return words;
    }

    /** Every word as ((language, word), 1); one that cannot be a stop word as the empty word, since it counts in the whole. */
    private static Iterator<Tuple2<Tuple2<String, String>, Long>> words(Iterator<Row> rows) {
        Words words = new Words();
        Iterable<Row> documents = () -> rows;
        return StreamSupport.stream(documents.spliterator(), false)
                .flatMap(row -> words.of(row.getString(1)).stream()
                        .map(word -> new Tuple2<>(new Tuple2<>(row.getString(0), candidate(word)), 1L)))
                .iterator();
    }

    private static String candidate(String word) {
        boolean possible = word.length() <= MAX_CHARS && word.codePoints().anyMatch(Character::isLetter);
        return possible ? word.toLowerCase(Locale.ROOT) : "";
    }

    /** A word and how often it stands in the texts. */
    private record Count(String word, long times) implements Serializable {
        static final Comparator<Count> FREQUENT_FIRST =
                Comparator.comparingLong(Count::times).reversed().thenComparing(Count::word);
    }

    /** The most frequent words of a language, and the number of all. */
    private static final class Top implements Serializable {
        private static final long serialVersionUID = 1;

        private long all;
        private final ArrayList<Count> counts = new ArrayList<>();

        Top add(Count count) {
            all += count.times();
            keep(List.of(count));
            return this;
        }

        Top merge(Top other) {
            all += other.all;
            keep(other.counts);
            return this;
        }

        private void keep(List<Count> more) {
            TreeSet<Count> sorted = new TreeSet<>(Count.FREQUENT_FIRST);
            sorted.addAll(counts);
            more.stream().filter(count -> !count.word().isEmpty()).forEach(sorted::add);
            counts.clear();
            sorted.stream().limit(MOST).forEach(counts::add);
        }

        List<String> words() {
            double share = SHARE;
            while (above(share).size() < Math.min(FEWEST, counts.size())) {
                share /= 2;
            }
            return above(share);
        }

        private List<String> above(double share) {
            return counts.stream()
                    .filter(count -> count.times() >= share * all)
                    .map(Count::word)
                    .toList();
        }
    }
}
