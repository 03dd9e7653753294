package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.language.LanguageConfig;
import io.polyglow.dataprep.language.StatedLanguages;
import io.polyglow.dataprep.pii.PiiAnnotator;
import io.polyglow.dataprep.pii.PiiSpan;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnnotationColumnsTest {
    private static final StructType SCHEMA = new StructType()
            .add("text", DataTypes.StringType, false)
            .add("lang", LanguageColumns.SCHEMA, false)
            .add("pii", PiiColumns.SCHEMA, false);

    private static final List<String> TEXTS = List.of(
            "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Schreiben Sie an jane@site.org.",
            "Сва људска бића рађају се слободна и једнака у достојанству и правима.",
            "12345");

    @TempDir
    Path directory;

    @Test
    void shouldWriteAnnotationsOfTasksToParquetAndReadThemBack() throws Exception {
        SparkSession spark = LocalSpark.session();
        LanguageConfig config = new LanguageConfig(List.of("opennlp", model()), true, false, 0.1, 0.01);
        LanguageModelFiles models = LanguageModelFiles.distribute(spark, config);
        String table = directory.resolve("annotations").toUri().toString();

        spark.createDataFrame(
                        JavaSparkContext.fromSparkContext(spark.sparkContext())
                                .parallelize(TEXTS, 2)
                                .mapPartitions(texts -> {
                                    var languages = models.annotator();
                                    var pii = new PiiAnnotator();
                                    List<Row> rows = new ArrayList<>();
                                    texts.forEachRemaining(text -> {
                                        var language = languages.annotate(text, StatedLanguages.NONE);
                                        rows.add(RowFactory.create(
                                                text,
                                                LanguageColumns.row(language),
                                                PiiColumns.rows(pii.annotate(
                                                        text, language.label().toString()))));
                                    });
                                    return rows.iterator();
                                }),
                        SCHEMA)
                .write()
                .parquet(table);

        List<Row> read = spark.read().parquet(table).orderBy("text").collectAsList();
        assertThat(read)
                .hasSize(3)
                .extracting(row -> row.getStruct(1).getString(0))
                .containsExactly("und_Zyyy", "deu_Latn", "srp_Cyrl");
        assertThat(read.get(1).getStruct(1).<Row>getList(4))
                .extracting(row -> row.getString(0))
                .contains("opennlp", "softmax");
        assertThat(read.get(1).getStruct(1).<Row>getList(5)).hasSize(1);
        List<PiiSpan> spans = PiiColumns.spans(read.get(1).getList(2));
        assertThat(spans)
                .isEqualTo(new PiiAnnotator().annotate(TEXTS.get(0), "deu_Latn"))
                .hasSize(1);
    }

    @Test
    void shouldNameModelsByTheirContents() throws Exception {
        LanguageConfig config = new LanguageConfig(List.of("opennlp", model()), true, false, 0.1, 0.01);

        assertThat(LanguageModelFiles.versions(config, new Configuration()))
                .hasSize(3)
                .last()
                .asString()
                .matches("[0-9a-f]{64}");
        assertThatThrownBy(() -> LanguageModelFiles.versions(
                        new LanguageConfig(List.of("missing.bin"), true, false, 0.1, 0.01), new Configuration()))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("missing.bin");
    }

    /** Hugging Face has many a model.bin. */
    @Test
    void shouldTellModelsOfOneFileNameApart() throws Exception {
        SparkSession spark = LocalSpark.session();
        LanguageConfig config = new LanguageConfig(
                List.of("opennlp", model("a/model.bin", "softmax.bin"), model("b/model.bin", "ova.bin")),
                true,
                false,
                0.1,
                0);

        for (LanguageModelFiles models :
                List.of(LanguageModelFiles.distribute(spark, config), LanguageModelFiles.send(spark, config))) {
            String opinions = JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .parallelize(List.of(TEXTS.get(0)), 1)
                    .map(text -> models.annotator().annotate(text, StatedLanguages.NONE).opinions().stream()
                            .map(opinion -> opinion.model() + " " + opinion.label() + " " + opinion.score())
                            .collect(Collectors.joining("\n")))
                    .first();

            assertThat(of("a/model", opinions)).isNotEmpty();
            assertThat(of("b/model", opinions)).isNotEmpty().isNotEqualTo(of("a/model", opinions));
        }
    }

    private static List<String> of(String model, String opinions) {
        return opinions.lines()
                .filter(line -> line.startsWith(model + " "))
                .map(line -> line.substring(model.length()))
                .toList();
    }

    private String model() throws Exception {
        return model("softmax.bin", "softmax.bin");
    }

    private String model(String path, String resource) throws Exception {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        try (InputStream in = AnnotationColumnsTest.class.getResourceAsStream(
                "/io/polyglow/dataprep/language/fasttext/" + resource)) {
            Files.write(
                    file,
                    Objects.requireNonNull(in, "the model among the test resources")
                            .readAllBytes());
        }
        return file.toString();
    }
}
