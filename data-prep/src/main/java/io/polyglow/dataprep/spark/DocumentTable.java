package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.doc.Document;
import java.nio.charset.StandardCharsets;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns of {@code documents/}: every document with its annotations, kept when {@code rejected} is null. */
final class DocumentTable {
    static final String ID = "id";
    static final String SOURCE = "source";
    static final String POSITION = "position";
    static final String LANGUAGE = "language";
    static final String REPAIRS = "repairs";
    static final String BYTES = "bytes";
    static final String TEXT = "text";
    static final String CONTENT_HASH = "content_hash";
    static final String REJECTED = "rejected";

    static final StructType SCHEMA = new StructType()
            .add(ID, DataTypes.StringType, false)
            .add(SOURCE, DataTypes.StringType, false)
            .add(POSITION, DataTypes.LongType, false)
            .add("external_id", DataTypes.StringType, true)
            .add(LANGUAGE, DataTypes.StringType, false)
            .add("language_from", DataTypes.StringType, false)
            .add("script", DataTypes.StringType, false)
            .add(REPAIRS, DataTypes.IntegerType, false)
            .add(BYTES, DataTypes.LongType, false)
            .add(TEXT, DataTypes.StringType, true)
            .add(CONTENT_HASH, DataTypes.StringType, true)
            .add(REJECTED, DataTypes.StringType, true);

    private DocumentTable() {}

    static Row row(Document document) {
        String text = document.text();
        return RowFactory.create(
                document.id(),
                document.source(),
                document.position(),
                document.externalId(),
                document.language(),
                document.languageFrom().name(),
                document.script(),
                document.repairs(),
                text == null ? 0L : text.getBytes(StandardCharsets.UTF_8).length,
                text,
                document.contentHash(),
                document.rejected());
    }
}
