package io.polyglow.dataprep.spark;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.dedup.DecontaminationConfig;
import io.polyglow.dataprep.dedup.DecontaminationConfig.Action;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Evaluation sets in three formats, found in documents and reported. */
class DecontaminationTest {
    private final SparkSession spark = LocalSpark.session();

    @TempDir
    private Path folder;

    private static DecontaminationConfig config(Map<String, String> sets) {
        return new DecontaminationConfig(sets, null, 13, 8, Action.DROP, 0, 10, 200, 10_000);
    }

    /** Fourteen words that nobody else says. */
    private static String item(String name) {
        return String.join(
                " ",
                IntStream.range(0, 14).mapToObj(i -> name + (char) ('a' + i)).toList());
    }

    private Dataset<Row> documents(String... texts) {
        List<Row> rows = IntStream.range(0, texts.length)
                .mapToObj(i -> RowFactory.create("d" + i, texts[i]))
                .toList();
        return spark.createDataFrame(
                rows, new StructType().add("id", DataTypes.StringType).add("text", DataTypes.StringType));
    }

    @Test
    void shouldFindItemsOfAllFormatsAndReportThemBySetAndItem() throws IOException {
        Files.writeString(
                folder.resolve("qa.jsonl"),
                "{\"q\":\"" + item("q") + "\",\"choices\":[\"x\",\"" + item("c") + "\"]}\n\n{\"q\":\"" + item("r")
                        + "\"}\n");
        Files.writeString(folder.resolve("lines.txt"), item("t") + "\n");
        spark.createDataFrame(List.of(RowFactory.create(item("p"))), new StructType().add("text", DataTypes.StringType))
                .coalesce(1)
                .write()
                .parquet(folder.resolve("parquet").toString());
        DecontaminationConfig config = config(Map.of(
                "qa", folder.resolve("*.jsonl").toString(),
                "lines", folder.resolve("lines.txt").toString(),
                "tables", folder.resolve("parquet").toString()));

        Dataset<Row> found = Decontamination.find(
                        documents(
                                "clean " + item("z"), "x " + item("c") + " y", item("t"), item("p") + " " + item("c")),
                        config)
                .cache();

        List<Row> rows = found.orderBy("id").collectAsList();
        assertThat(rows).extracting(row -> row.getString(0)).containsExactly("d1", "d2", "d3");
        Row hit = (Row) rows.get(0).getList(1).get(0);
        assertThat(hit.toString())
                .isEqualTo("[qa,qa.jsonl:1,2,2," + (2 + item("c").length()) + "," + item("c") + "]");
        assertThat(rows.get(0).getString(2)).startsWith("contaminated: qa qa.jsonl:1");
        JsonObject report = Decontamination.report(found, config);
        assertThat(report.getLong("documents_dropped")).isEqualTo(3);
        JsonObject qa = report.getObject("sets").getObject("qa");
        assertThat(qa.toString())
                .isEqualTo(
                        "{\"items_read\":2,\"items_without_field\":0,\"documents\":2,\"places\":2,\"items_hit\":1,\"items\":[{\"item\":\"qa.jsonl:1\",\"documents\":2,\"ngrams\":4}]}");
        assertThat(report.getObject("sets").getObject("tables").getLong("documents"))
                .isEqualTo(1);
    }

    @Test
    void shouldSayWhichSetIsMissingEmptyOrBroken() throws IOException {
        Files.writeString(folder.resolve("broken.jsonl"), "{}\n{\"a\":");
        Files.writeString(folder.resolve("empty.txt"), "\n");

        assertProblem("nowhere.jsonl", ErrorKind.DATA, "The evaluation set set,");
        assertProblem("nowhere.jsonl", ErrorKind.DATA, "does not exist");
        assertProblem("broken.jsonl", ErrorKind.DATA, "broken.jsonl:2");
        assertProblem("empty.txt", ErrorKind.DATA, "has no text");
    }

    @Test
    void shouldReadFilesOfAnyNameAndDepthAndTablesByColumn() throws IOException {
        Path set = Files.createDirectories(folder.resolve("set"));
        Files.createDirectories(set.resolve("sub/_hidden"));
        Files.writeString(set.resolve("sub/x.items"), item("t") + "\n");
        Files.writeString(set.resolve("sub/_hidden/y.items"), item("h") + "\n");
        Files.writeString(set.resolve("a.csv"), "id,question\n1,\"" + item("c").replace(' ', '\n') + "\"\n2,\n");
        Files.writeString(set.resolve("b[1].tsv"), "answer\tquestion\n" + item("a") + "\t" + item("q") + "\n");
        Files.writeString(set.resolve("c.jsonl"), "{\"question\":[\"" + item("j") + "\"]}\n{\"text\":\"x\"}\n");
        DecontaminationConfig all = config(Map.of("s", set.toString()));
        DecontaminationConfig some =
                new DecontaminationConfig(all.sets(), "question", 13, 8, Action.DROP, 0, 10, 200, 10_000);
        Dataset<Row> documents = documents(item("t"), item("h"), item("c"), item("a"), item("q"), item("j"), "nothing");

        assertThat(items(Decontamination.find(documents, some)))
                .containsExactly("sub/x.items:1", "a.csv:2", "b[1].tsv:2", "c.jsonl:1");
        assertThat(items(Decontamination.find(documents, all)))
                .containsExactly("sub/x.items:1", "a.csv:2", "b[1].tsv:2", "b[1].tsv:2", "c.jsonl:1");
        assertThat(EvaluationFiles.list(spark.sessionState().newHadoopConf(), "s", set.toString()))
                .extracting(InputFile::source)
                .containsExactly("a.csv", "b[1].tsv", "c.jsonl", "sub/x.items");
        JsonObject report = Decontamination.report(Decontamination.find(documents, some), some)
                .getObject("sets")
                .getObject("s");
        assertThat(report.getLong("items_read")).isEqualTo(6);
        assertThat(report.getLong("items_without_field")).isEqualTo(2);
    }

    @Test
    void shouldReadItemsOfAnyCharsetAndRefuseJsonThatIsNotUtf8() throws IOException {
        String question = "Все люди рождаются свободными и равными в своем достоинстве и правах";
        Path set = Files.createDirectories(folder.resolve("set"));
        Files.write(set.resolve("a.csv"), ("id,q\n1,\"" + question + "\"\n").getBytes(Charset.forName("windows-1251")));
        Files.write(set.resolve("b.tsv"), ("\uFEFFid\tq\r\n1\t" + question + "\r\n").getBytes(UTF_16LE));
        Files.write(set.resolve("c.txt"), question.getBytes(Charset.forName("KOI8-R")));
        Files.write(set.resolve("d.jsonl"), ("\uFEFF{\"q\":\"" + question + "\"}\n").getBytes(UTF_8));
        List<String> texts = new ArrayList<>();

        EvaluationFiles.read(new Configuration(), "s", set.toString(), null, item -> texts.add(item.text()));

        assertThat(texts).containsExactly("1", question, "1", question, question, question);

        Files.write(
                set.resolve("e.jsonl"), ("{\"q\":\"" + question + "\"}\n").getBytes(Charset.forName("windows-1251")));
        assertThatThrownBy(() -> EvaluationFiles.read(new Configuration(), "s", set.toString(), null, item -> {}))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("e.jsonl:1: malformed UTF-8");
    }

    private static List<String> items(Dataset<Row> found) {
        return found.orderBy("id").collectAsList().stream()
                .map(row -> ((Row) row.getList(1).get(0)).<String>getAs("item"))
                .toList();
    }

    @Test
    void shouldStopAtTheBoundAndNotReadTheRest() throws IOException {
        Path set = Files.createDirectories(folder.resolve("wrong"));
        Files.writeString(set.resolve("a.txt"), (item("t") + " and more of it\n").repeat(2001));
        Files.writeString(set.resolve("b.jsonl"), "{broken");

        assertProblem("wrong", ErrorKind.USAGE, "more than 10000 n-grams (counted up to set set, item a.txt:");
    }

    private void assertProblem(String file, ErrorKind kind, String message) {
        DecontaminationConfig config = config(Map.of("set", folder.resolve(file).toString()));

        assertThatThrownBy(() -> Decontamination.find(documents("x"), config))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }
}
