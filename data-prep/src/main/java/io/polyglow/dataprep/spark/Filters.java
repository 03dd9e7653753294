package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * The filters of a run, or of a question about one.
 *
 * @param on whether they leave anything out
 * @param thresholds of every language
 */
record Filters(boolean on, ThresholdCatalog thresholds) implements Serializable {
    /** Why a row that begins with language, score and quality goes; none when it stays. */
    List<String> reasons(Row row) {
        return on ? Decisions.filterReasons(row, 0, thresholds) : List.of();
    }
}
