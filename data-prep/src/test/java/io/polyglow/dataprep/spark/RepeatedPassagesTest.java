package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.dedup.DedupConfig.Near;
import io.polyglow.dataprep.dedup.DedupConfig.Passages;
import io.polyglow.dataprep.doc.Edit;
import io.polyglow.dataprep.doc.Edits;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boilerplate goes, its first occurrence stays. */
class RepeatedPassagesTest {
    @TempDir
    private Path folder;

    private Map<String, String> apply(Map<String, String> texts, DedupConfig config, int partitions) {
        SparkSession spark = LocalSpark.session();
        List<Row> rows = texts.entrySet().stream()
                .map(entry -> RowFactory.create(entry.getKey(), entry.getValue()))
                .toList();
        StructType schema = new StructType().add("id", DataTypes.StringType).add("text", DataTypes.StringType);
        Map<String, String> result = new TreeMap<>(texts);
        RepeatedPassages.run(
                        spark.createDataFrame(rows, schema).repartition(partitions),
                        config,
                        new WorkTables(
                                spark, folder.resolve("work" + partitions).toString()))
                .collectAsList()
                .forEach(row -> result.computeIfPresent(
                        row.getString(0), (id, text) -> Edits.apply(text, edits(row.getList(1)))));
        return result;
    }

    private static List<Edit> edits(List<Row> rows) {
        return rows.stream()
                .map(row -> new Edit(row.getInt(0), row.getInt(1), row.getString(2)))
                .toList();
    }

    @Test
    void shouldTakeOutWhatEnoughDocumentsShareButForItsFirstOccurrence() {
        Map<String, String> texts = Map.of(
                "a", "Read our newsletter, 7 times a week!\nA text of its own\nshared by two only, this line",
                "b", "Another text\nread OUR newsletter 12 times a week\nAnother end",
                "c",
                        "Read our newsletter 1 times a week\nshared by two only, this line\nRead our newsletter, 5 times a week",
                "d", "First paragraph is\nthe same here\n\nSecond one differs",
                "e", "First paragraph is\nthe same here!\n\n\nNobody else has this");
        DedupConfig config =
                new DedupConfig(new Near(false, 0.8, 14, 8), new Passages(3, 10), new Passages(2, 10), List.of());

        Map<String, String> one = apply(texts, config, 1);

        assertThat(one)
                .containsEntry("a", texts.get("a"))
                .containsEntry("b", "Another text\nAnother end")
                .containsEntry("c", "shared by two only, this line\n")
                .containsEntry("d", texts.get("d"))
                .containsEntry("e", "Nobody else has this");
        assertThat(apply(texts, config, 4)).isEqualTo(one);
    }
}
