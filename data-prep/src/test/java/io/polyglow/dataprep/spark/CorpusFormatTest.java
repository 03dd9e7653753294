package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code docs/formats/corpus.md} says what the files hold. */
@Tag("nightly")
final class CorpusFormatTest extends PrepareFixture {
    private static final Pattern ROW = Pattern.compile("\\| `([a-z0-9_.]+)` \\| ([a-z<>]+) \\|.*");

    @Test
    void shouldDocumentEveryColumnOfEveryTable() throws IOException {
        Path exam = Files.writeString(directory.resolve("exam.txt"), "a b c d e f g h i j k l m n o p\n");
        PrepareJob.run(
                spark,
                config(
                        "out",
                        "decontamination.sets={exam: " + exam + "}",
                        "dedup.near.enabled=true",
                        "dedup.lines.min-documents=3"),
                ProgressListener.SILENT);
        CorpusTables tables = CorpusTables.open(spark, directory.resolve("out").toString());

        Map<String, Map<String, String>> written = new TreeMap<>();
        for (String name : tables.names()) {
            Map<String, String> columns = new TreeMap<>();
            add(columns, "", tables.table(name).schema());
            written.put(name, columns);
        }

        assertThat(written).containsKeys("documents", "annotations", "contamination", "passages");
        assertThat(documented()).isEqualTo(written);
    }

    private static Map<String, Map<String, String>> documented() throws IOException {
        Path page = Path.of(System.getProperty("polyglow.root"), "docs/formats/corpus.md");
        Map<String, Map<String, String>> tables = new TreeMap<>();
        String table = "";
        for (String line : Files.readString(page).split("\n# Files\n", -1)[0].split("\n", -1)) {
            Matcher row = ROW.matcher(line);
            if (line.startsWith("## ")) {
                table = line.substring(3);
            } else if (row.matches()) {
                tables.computeIfAbsent(table, name -> new TreeMap<>()).put(row.group(1), row.group(2));
            }
        }
        return tables;
    }

    /** Leaves of a type by their paths. */
    private static void add(Map<String, String> columns, String path, DataType type) {
        if (type instanceof StructType struct) {
            for (StructField field : struct.fields()) {
                add(columns, path.isEmpty() ? field.name() : path + "." + field.name(), field.dataType());
            }
        } else if (type instanceof ArrayType array && array.elementType() instanceof StructType item) {
            add(columns, path, item);
        } else {
            columns.put(path, type.catalogString());
        }
    }
}
