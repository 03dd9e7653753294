package io.polyglow.dataprep.report;

import java.util.List;

/**
 * A corpus in numbers and samples: what {@link HtmlReport} draws and {@link DataCard} writes. Equal corpora give equal reports, so there is no date in it.
 *
 * @param title name of the corpus
 * @param facts single numbers worth a line of their own
 * @param steps from what was read to what is trained on, in order
 * @param languages kept and rejected documents by language, most bytes first
 * @param reasons why documents were left out, most frequent first
 * @param clusters how many clusters of equal or near-equal documents have how many members
 * @param histograms of lengths and scores
 * @param tables of stages that tell more: the mix, the tokenizer, contamination
 * @param samples of kept and of rejected documents
 * @param config the settings, as YAML
 */
public record CorpusReport(
        String title,
        List<Fact> facts,
        List<Step> steps,
        List<Group> languages,
        List<Reason> reasons,
        List<Cluster> clusters,
        List<Histogram> histograms,
        List<Table> tables,
        List<Sample> samples,
        String config) {

    /** A number with its name, both as they are printed. */
    public record Fact(String name, String value) {}

    /** What is left after a step. */
    public record Step(String name, long documents, long bytes) {}

    /**
     * Documents that share a language.
     *
     * @param read documents in the input
     * @param kept documents that are trained on
     * @param keptBytes their UTF-8 text
     * @param tokens their tokens, training and held out
     */
    public record Group(String name, long read, long kept, long keptBytes, long tokens) {}

    /** A kind of reason, and the documents that have it, alone or with others. */
    public record Reason(String kind, long documents, long bytes) {}

    /** Clusters whose size lies in a range, printed as {@code label}. */
    public record Cluster(String label, long clusters, long documents) {}

    /** Counts over ranges of a number; {@code unit} says of what. */
    public record Histogram(String title, String unit, List<Bar> bars) {}

    /** One range. */
    public record Bar(String label, long kept, long rejected) {}

    /** Any other table, every cell as it is printed; cells that begin with a digit stand to the right. */
    public record Table(String title, String explanation, List<String> header, List<List<String>> rows) {}

    /**
     * The beginning of a document.
     *
     * @param place {@code file} or {@code file:line}
     * @param reasons why it was left out; empty for one that was kept
     */
    public record Sample(String place, String language, List<String> reasons, String text) {}
}
