package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.language.LanguageAccuracy;
import io.polyglow.dataprep.language.LanguageAnnotation;
import io.polyglow.dataprep.language.LanguageLabel;
import io.polyglow.dataprep.language.LanguageSource;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns of {@link LanguageAnnotation}; labels are {@code iso639-3_Script}. */
final class LanguageColumns {
    private static final StructType OPINION = new StructType()
            .add("model", DataTypes.StringType, false)
            .add("label", DataTypes.StringType, false)
            .add("score", DataTypes.DoubleType, false);

    private static final StructType RUN = new StructType()
            .add("start", DataTypes.IntegerType, false)
            .add("end", DataTypes.IntegerType, false)
            .add("label", DataTypes.StringType, false)
            .add("score", DataTypes.DoubleType, false);

    /** One struct. */
    static final StructType SCHEMA = new StructType()
            .add("label", DataTypes.StringType, false)
            .add("score", DataTypes.DoubleType, false)
            .add("source", DataTypes.StringType, false)
            .add("script", DataTypes.StringType, false)
            .add("opinions", DataTypes.createArrayType(OPINION, false), false)
            .add("runs", DataTypes.createArrayType(RUN, false), false);

    private LanguageColumns() {}

    /**
     * How often a model agrees with the languages that documents state, over a table with a column of {@link #SCHEMA}: its best opinion against the stated language, scripts aside.
     *
     * @param model the model's name; documents of which it has no opinion count as taken for {@code und}
     */
    static LanguageAccuracy agreement(Dataset<Row> table, String column, String model) {
        Column value = functions.col(column);
        Column answers = functions.filter(
                value.getField("opinions"), opinion -> opinion.getField("model").equalTo(model));
        List<Row> counts = table.filter(value.getField("source").equalTo(LanguageSource.METADATA.name()))
                .select(
                        language(value.getField("label")),
                        language(answers.getItem(0).getField("label")))
                .toDF("expected", "answer")
                .groupBy("expected", "answer")
                .count()
                .collectAsList();
        LanguageAccuracy accuracy = new LanguageAccuracy();
        counts.forEach(row -> {
            String answer = row.isNullAt(1) ? LanguageLabel.UNDETERMINED : row.getString(1);
            accuracy.add(row.getString(0), answer, row.getLong(2));
        });
        return accuracy;
    }

    private static Column language(Column label) {
        return functions.substring_index(label, "_", 1);
    }

    /** The annotation as a value of {@link #SCHEMA}. */
    static Row row(LanguageAnnotation annotation) {
        Row[] opinions = annotation.opinions().stream()
                .map(opinion ->
                        RowFactory.create(opinion.model(), opinion.label().toString(), opinion.score()))
                .toArray(Row[]::new);
        Row[] runs = annotation.runs().stream()
                .map(run ->
                        RowFactory.create(run.start(), run.end(), run.label().toString(), run.score()))
                .toArray(Row[]::new);
        return RowFactory.create(
                annotation.label().toString(),
                annotation.score(),
                annotation.source().name(),
                annotation.script(),
                opinions,
                runs);
    }
}
