package io.polyglow.dataprep.dedup;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import java.io.Serializable;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which evaluation sets must not be in the corpus, and what happens to documents that hold parts of them. */
public record DecontaminationConfig(
        @Default("{}")
                @Doc(
                        "Evaluation sets: a name, and the file, directory with all below it, or glob it is in (JSONL, CSV, TSV and Parquet with an item a record, other files with an item a line).")
                Map<String, String> sets,
        @Doc(
                        "Member or column with the text of an item; without it every string of the item counts. How many items have none is told.")
                @Nullable
                String field,
        @Default("13")
                @Range(min = 3, max = 50)
                @Doc("Words of an n-gram that two texts have in common only if one copies the other.")
                int words,
        @Default("8")
                @Range(min = 1, max = 50)
                @Doc(
                        "Texts of an item with fewer words than an n-gram count when found whole; with fewer than this they are too common to tell.")
                int shortest,
        @Default("drop")
                @Doc(
                        "drop: leave out documents with more hits than allowed-hits; cut: take a window around each hit out, and leave out documents that need more than max-cuts; report: only tell.")
                Action action,
        @Default("0")
                @Range(min = 0, max = 1000000)
                @Doc("N-grams of evaluation items that a document may hold with action drop.")
                int allowedHits,
        @Default("10") @Range(min = 0, max = 1000000) @Doc("Places at which action cut may cut a document.")
                int maxCuts,
        @Default("200")
                @Range(min = 0, max = 1000000)
                @Doc("Characters that action cut takes out on each side of a hit.")
                int windowCharacters,
        @Default("4000000")
                @Range(min = 1, max = 100000000)
                @Doc("Most n-grams of all sets together; each takes some 50 bytes of every executor.")
                int maxNgrams)
        implements Serializable {
    private static final long serialVersionUID = 1L;

    /** What happens to documents with hits. */
    public enum Action {
        DROP,
        CUT,
        REPORT
    }
}
