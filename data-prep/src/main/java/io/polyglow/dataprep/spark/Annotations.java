package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.filter.QualityAnnotator;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import io.polyglow.dataprep.language.LanguageAnnotation;
import io.polyglow.dataprep.language.LanguageAnnotator;
import io.polyglow.dataprep.language.LanguageLabel;
import io.polyglow.dataprep.language.StatedLanguages;
import io.polyglow.dataprep.pii.PiiAnnotator;
import java.util.Iterator;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * The table {@code annotations}: what is known of every document, and no decision. It has no texts, so all that is decided later reads little: {@code language} and
 * {@code language_score} are the label and score that count, {@code languages} all opinions, {@code quality} the numbers of the rules, {@code pii} personal
 * data; the last three are null for what the reader rejected.
 */
final class Annotations {
    static final String LANGUAGE_SCORE = "language_score";
    static final String LANGUAGES = "languages";
    static final String QUALITY = "quality";
    static final String PII = "pii";

    private static final StructType SCHEMA = new StructType()
            .add(DocumentTable.ID, DataTypes.StringType, false)
            .add(DocumentTable.SOURCE, DataTypes.StringType, false)
            .add(DocumentTable.POSITION, DataTypes.LongType, false)
            .add(DocumentTable.BYTES, DataTypes.LongType, false)
            .add(DocumentTable.CONTENT_HASH, DataTypes.StringType, true)
            .add(DocumentTable.REJECTED, DataTypes.StringType, true)
            .add(DocumentTable.LANGUAGE, DataTypes.StringType, false)
            .add(LANGUAGE_SCORE, DataTypes.DoubleType, false)
            .add(QUALITY, QualityColumns.SCHEMA, true)
            .add(LANGUAGES, LanguageColumns.SCHEMA, true)
            .add(PII, PiiColumns.SCHEMA, true);

    private final LanguageModelFiles models;
    private final ThresholdCatalog thresholds;
    private final @Nullable String defaultLanguage;

    /**
     * Annotates with these models.
     *
     * @param thresholds whose lists of stop words are counted
     * @param defaultLanguage label of documents that state none; null to ask the models
     */
    Annotations(LanguageModelFiles models, ThresholdCatalog thresholds, @Nullable String defaultLanguage) {
        this.models = models;
        this.thresholds = thresholds;
        this.defaultLanguage = defaultLanguage;
    }

    Dataset<Row> of(SparkSession spark, Dataset<Row> documents) {
        LanguageModelFiles files = models;
        ThresholdCatalog catalog = thresholds;
        String language = defaultLanguage;
        JavaRDD<Row> rows = documents
                .select(
                        DocumentTable.ID,
                        DocumentTable.SOURCE,
                        DocumentTable.POSITION,
                        DocumentTable.BYTES,
                        DocumentTable.CONTENT_HASH,
                        DocumentTable.REJECTED,
                        DocumentTable.STATED_LANGUAGE,
                        DocumentTable.TEXT,
                        DocumentTable.PAGE_LANGUAGE)
                .javaRDD()
                .mapPartitions(partition -> new Annotated(
                        partition, files.annotator(), new QualityAnnotator(catalog), new PiiAnnotator(), language));
        return spark.createDataFrame(rows, SCHEMA);
    }

    /** The rows of a partition, annotated one by one. */
    private record Annotated(
            Iterator<Row> documents,
            LanguageAnnotator languages,
            QualityAnnotator quality,
            PiiAnnotator pii,
            @Nullable String defaultLanguage)
            implements Iterator<Row> {
        @Override
        public boolean hasNext() {
            return documents.hasNext();
        }

        @Override
        public Row next() {
            Row document = documents.next();
            return document.isNullAt(5)
                    ? annotate(document)
                    : row(document, LanguageLabel.UNKNOWN.toString(), 0, null, null, null);
        }

        private Row annotate(Row document) {
            String text = document.getString(7);
            LanguageAnnotation language = languages.annotate(
                    text, new StatedLanguages(document.getString(6), document.getString(8), defaultLanguage));
            String label = language.label().toString();
            return row(
                    document,
                    label,
                    language.score(),
                    QualityColumns.row(quality.annotate(text, label)),
                    LanguageColumns.row(language),
                    PiiColumns.rows(pii.annotate(text, label)));
        }

        private static Row row(
                Row document,
                String label,
                double score,
                @Nullable Row quality,
                @Nullable Row languages,
                Row @Nullable [] pii) {
            return RowFactory.create(
                    document.get(0),
                    document.get(1),
                    document.get(2),
                    document.get(3),
                    document.get(4),
                    document.get(5),
                    label,
                    score,
                    quality,
                    languages,
                    pii);
        }
    }
}
