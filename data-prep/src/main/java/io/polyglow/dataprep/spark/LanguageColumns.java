package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.language.LanguageAnnotation;
import io.polyglow.dataprep.language.LanguageAnnotator;
import org.apache.spark.sql.Column;
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

    /** The label that a model thinks likeliest, of a column of {@link #SCHEMA}; null where it has no opinion. */
    static Column likeliest(Column value, String model) {
        return functions
                .filter(value.getField("opinions"), opinion -> opinion.getField("model")
                        .equalTo(model))
                .getItem(0)
                .getField("label");
    }

    /** What the deciding model, whose opinions come first, makes of a label; null where it has no opinion of it. What a page claims of itself is no opinion of a model. */
    static Column score(Column value, Column label) {
        Column opinions = value.getField("opinions");
        Column deciding = opinions.getItem(0).getField("model");
        return functions
                .filter(opinions, opinion -> opinion.getField("label")
                        .equalTo(label)
                        .and(opinion.getField("model").equalTo(deciding))
                        .and(opinion.getField("model").notEqual(LanguageAnnotator.PAGE)))
                .getItem(0)
                .getField("score");
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
