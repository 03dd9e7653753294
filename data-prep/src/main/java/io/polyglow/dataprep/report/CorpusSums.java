package io.polyglow.dataprep.report;

import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.Rejections;
import io.polyglow.dataprep.report.CorpusReport.Bar;
import io.polyglow.dataprep.report.CorpusReport.Cluster;
import io.polyglow.dataprep.report.CorpusReport.Group;
import io.polyglow.dataprep.report.CorpusReport.Histogram;
import io.polyglow.dataprep.report.CorpusReport.Reason;
import io.polyglow.dataprep.report.CorpusReport.Step;
import io.polyglow.dataprep.report.CorpusReport.Table;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the report tells, added up document by document and mergeable in any order with the same result. Its size depends on the numbers of languages and of kinds
 * of reasons, not on that of documents.
 */
public final class CorpusSums implements Serializable {
    private static final long serialVersionUID = 1;
    private static final int SAMPLES_OF_EACH = 2;
    private static final int SAMPLED_GROUPS = 30;
    private static final int SCORE_BARS = 20;
    private static final int[] CLUSTER_SIZES = {2, 3, 5, 10, 100, 1000, Integer.MAX_VALUE};

    private final SourceGroups groups;
    private long documents;
    private long bytes;
    private long staying;
    private long stayingBytes;
    private long kept;
    private long keptBytes;
    private final TreeMap<String, long[]> languages = new TreeMap<>();
    private final TreeMap<String, long[]> sources = new TreeMap<>();
    private final TreeMap<String, long[]> reasons = new TreeMap<>();
    private final TreeMap<Integer, long[]> clusters = new TreeMap<>();
    private final TreeMap<Integer, long[]> lengths = new TreeMap<>();
    private final TreeMap<Integer, long[]> scores = new TreeMap<>();
    private final TreeMap<String, NavigableMap<String, Chosen>> keptSamples = new TreeMap<>();
    private final TreeMap<String, NavigableMap<String, Chosen>> leftSamples = new TreeMap<>();

    /** Sums of nothing yet, which will tell files apart by these groups. */
    public CorpusSums(SourceGroups groups) {
        this.groups = groups;
    }

    /**
     * A document and what became of it.
     *
     * @param languageScore how sure its language is, in [0, 1]
     * @param duplicate the reason of one without reasons that is left out for a duplicate; null otherwise
     */
    public record Outcome(
            String id,
            Place place,
            String language,
            double languageScore,
            long bytes,
            List<String> reasons,
            @Nullable String duplicate,
            long clusterSize) {
        /** Whether it is trained on. */
        boolean isKept() {
            return reasons.isEmpty() && duplicate == null;
        }
    }

    /** A document that the report shows the beginning of. */
    public record Chosen(String id, String place, String language, ArrayList<String> reasons) implements Serializable {}

    /** Adds a document. */
    public CorpusSums add(Outcome document) {
        documents++;
        bytes += document.bytes();
        boolean stays = document.reasons().isEmpty();
        boolean out = !document.isKept();
        staying += stays ? 1 : 0;
        stayingBytes += stays ? document.bytes() : 0;
        count(languages, document.language(), 1, 0, 0);
        count(
                sources,
                groups.of(document.place().source()),
                1,
                document.bytes(),
                out ? 0 : 1,
                out ? 0 : document.bytes());
        count(scores, (int) Math.min(SCORE_BARS - 1, document.languageScore() * SCORE_BARS), out ? 0 : 1, out ? 1 : 0);
        if (document.bytes() > 0) {
            int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(document.bytes());
            count(lengths, power, out ? 0 : 1, out ? 1 : 0);
        }
        List<String> why = document.duplicate() == null ? document.reasons() : List.of(document.duplicate());
        Set<String> kinds = new LinkedHashSet<>();
        why.forEach(reason -> kinds.add(Rejections.kind(reason)));
        kinds.forEach(kind -> count(reasons, kind, 1, document.bytes()));
        if (document.isKept()) {
            count(clusters, range(document.clusterSize()), 1, document.clusterSize());
        }
        Chosen chosen =
                new Chosen(document.id(), document.place().toString(), document.language(), new ArrayList<>(why));
        if (out) {
            choose(leftSamples, kinds.iterator().next(), chosen);
        } else {
            choose(keptSamples, document.language(), chosen);
        }
        return this;
    }

    /** Adds a text that is trained on, as long as it is after all edits. */
    public CorpusSums addKept(String language, long textBytes) {
        kept++;
        keptBytes += textBytes;
        count(languages, language, 0, 1, textBytes);
        return this;
    }

    /** Adds all that another one has seen. */
    public CorpusSums merge(CorpusSums other) {
        documents += other.documents;
        bytes += other.bytes;
        staying += other.staying;
        stayingBytes += other.stayingBytes;
        kept += other.kept;
        keptBytes += other.keptBytes;
        other.languages.forEach((key, counts) -> count(languages, key, counts));
        other.reasons.forEach((key, counts) -> count(reasons, key, counts));
        other.clusters.forEach((key, counts) -> count(clusters, key, counts));
        other.sources.forEach((key, counts) -> count(sources, key, counts));
        other.lengths.forEach((key, counts) -> count(lengths, key, counts));
        other.scores.forEach((key, counts) -> count(scores, key, counts));
        other.keptSamples.forEach((group, some) -> some.values().forEach(one -> choose(keptSamples, group, one)));
        other.leftSamples.forEach((group, some) -> some.values().forEach(one -> choose(leftSamples, group, one)));
        return this;
    }

    /** What is left after each step. */
    public List<Step> steps() {
        return List.of(
                new Step("read", documents, bytes),
                new Step("without a reason to go", staying, stayingBytes),
                new Step("trained on", kept, keptBytes));
    }

    /** Languages, most text first. */
    public List<Group> languages(Map<String, Long> tokens) {
        return languages.entrySet().stream()
                .map(entry -> new Group(
                        entry.getKey(),
                        entry.getValue()[0],
                        entry.getValue()[1],
                        entry.getValue()[2],
                        tokens.getOrDefault(entry.getKey(), 0L)))
                .sorted(Comparator.comparingLong(Group::keptBytes).reversed().thenComparing(Group::name))
                .toList();
    }

    /** Kinds of reasons, commonest first. */
    public List<Reason> reasons() {
        return reasons.entrySet().stream()
                .map(entry -> new Reason(entry.getKey(), entry.getValue()[0], entry.getValue()[1]))
                .sorted(Comparator.comparingLong(Reason::documents).reversed().thenComparing(Reason::kind))
                .toList();
    }

    /** Clusters of more than one document, by size. */
    public List<Cluster> clusters() {
        return clusters.entrySet().stream()
                .filter(entry -> entry.getKey() > 0)
                .map(entry -> new Cluster(label(entry.getKey()), entry.getValue()[0], entry.getValue()[1]))
                .toList();
    }

    /** Lengths by powers of two. */
    public Histogram lengths() {
        List<Bar> bars = new ArrayList<>();
        if (!lengths.isEmpty()) {
            for (int power = lengths.firstKey(); power <= lengths.lastKey(); power++) {
                long[] counts = lengths.getOrDefault(power, new long[2]);
                bars.add(new Bar(bytes(1L << power), counts[0], counts[1]));
            }
        }
        return new Histogram("Length", "bytes", bars);
    }

    /** Scores of languages, in ranges of a twentieth. */
    public Histogram scores() {
        List<Bar> bars = new ArrayList<>();
        for (int i = 0; i < SCORE_BARS && !scores.isEmpty(); i++) {
            long[] counts = scores.getOrDefault(i, new long[2]);
            bars.add(new Bar(String.format(Locale.ROOT, "%.2f", (double) i / SCORE_BARS), counts[0], counts[1]));
        }
        return new Histogram("How sure the language is", "or more", bars);
    }

    /** Files, or folders of them, most text first; none when there is nothing to tell apart. */
    public List<Table> sources() {
        if (sources.size() < 2) {
            return List.of();
        }
        List<List<String>> rows = sources.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, long[]> entry) -> -entry.getValue()[1])
                        .thenComparing(Map.Entry::getKey))
                .map(entry -> {
                    long[] counts = entry.getValue();
                    return List.of(
                            entry.getKey(),
                            Numbers.count(counts[0]),
                            Numbers.bytes(counts[1]),
                            Numbers.percent(counts[2], counts[0]),
                            Numbers.percent(counts[3], counts[1]));
                })
                .toList();
        return List.of(new Table(
                "Sources",
                "Files or folders of the input, most text first.",
                List.of("source", "documents", "text", "documents kept", "text kept"),
                rows));
    }

    /** Kept documents of the largest languages. */
    public List<Chosen> keptSamples() {
        return languages(Map.of()).stream()
                .limit(SAMPLED_GROUPS)
                .flatMap(group -> keptSamples.getOrDefault(group.name(), new TreeMap<>()).values().stream())
                .toList();
    }

    /** Documents left out for the commonest kinds of reasons. */
    public List<Chosen> leftSamples() {
        return reasons().stream()
                .limit(SAMPLED_GROUPS)
                .flatMap(reason -> leftSamples.getOrDefault(reason.kind(), new TreeMap<>()).values().stream())
                .toList();
    }

    /** The first ones by id, which is a hash, so that they are drawn alike whatever the order. */
    private static void choose(Map<String, NavigableMap<String, Chosen>> samples, String group, Chosen one) {
        NavigableMap<String, Chosen> some = samples.computeIfAbsent(group, key -> new TreeMap<>());
        some.put(one.id(), one);
        if (some.size() > SAMPLES_OF_EACH) {
            some.pollLastEntry();
        }
    }

    private static <K> void count(Map<K, long[]> counts, K key, long... more) {
        long[] sums = counts.computeIfAbsent(key, missing -> new long[more.length]);
        for (int i = 0; i < more.length; i++) {
            sums[i] += more[i];
        }
    }

    private static int range(long members) {
        int range = 0;
        while (members >= CLUSTER_SIZES[range]) {
            range++;
        }
        return range;
    }

    private static String label(int range) {
        int first = CLUSTER_SIZES[range - 1];
        int next = CLUSTER_SIZES[range];
        if (next == Integer.MAX_VALUE) {
            return first + " or more";
        }
        return next == first + 1 ? "" + first : first + " to " + (next - 1);
    }

    private static String bytes(long bytes) {
        return bytes < 1 << 10 ? "" + bytes : bytes < 1 << 20 ? (bytes >> 10) + "k" : (bytes >> 20) + "M";
    }
}
