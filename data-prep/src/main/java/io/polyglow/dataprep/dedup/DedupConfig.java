package io.polyglow.dataprep.dedup;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import java.io.Serializable;
import java.util.List;

/** Which repetitions are taken out, besides documents with exactly the same normalised text. */
public record DedupConfig(
        Near near,
        Passages lines,
        Passages paragraphs,
        @Default("[]")
                @Doc(
                        "Earlier corpora, outputs of prepare with their .stages beside them: new documents that are near one of theirs are left out.")
                List<String> against) {

    /** Documents that are nearly the same. */
    public record Near(
            @Default("true") @Doc("Find documents that are nearly the same and keep one of each cluster.")
                    boolean enabled,
            @Default("0.8")
                    @Range(min = 0.05, max = 1)
                    @Doc("Smallest Jaccard similarity of the shingle sets of two near-duplicates.")
                    double similarity,
            @Default("14")
                    @Range(min = 1, max = 1024)
                    @Doc("MinHash bands: a pair of similarity s is looked at with probability 1-(1-s^rows)^bands.")
                    int bands,
            @Default("8") @Range(min = 1, max = 128) @Doc("MinHash values of a band.") int rows)
            implements Serializable {
        private static final long serialVersionUID = 1L;

        /** Signatures of this shape. */
        public MinHash minHash() {
            return new MinHash(bands, rows);
        }
    }

    /** Lines or paragraphs that many documents share: menus, notices, banners. */
    public record Passages(
            @Default("0")
                    @Range(min = 0, max = 1000000000)
                    @Doc(
                            "Take one out, but for its first occurrence, when at least this many documents hold it; 0 takes none.")
                    int minDocuments,
            @Default("20")
                    @Range(min = 1, max = 1000000)
                    @Doc("Shorter ones stay: what repeats by nature (headings, yes, page numbers) is short.")
                    int minCharacters) {}
}
