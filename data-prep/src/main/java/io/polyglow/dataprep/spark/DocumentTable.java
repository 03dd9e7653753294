package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.doc.Document;
import java.nio.charset.StandardCharsets;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns of the table {@code documents}: every document as it was read, with the reason of one that cannot be used in {@code rejected}. */
final class DocumentTable {
    static final String ID = "id";
    static final String SOURCE = "source";
    static final String POSITION = "position";
    static final String OFFSET = "offset";
    /** Of tables that are made from this one: the label that counts. */
    static final String LANGUAGE = "language";

    static final String STATED_LANGUAGE = "stated_language";
    static final String PAGE_LANGUAGE = "page_language";
    static final String REPAIRS = "repairs";
    static final String BYTES = "bytes";
    static final String TEXT = "text";
    static final String CONTENT_HASH = "content_hash";
    static final String REJECTED = "rejected";

    static final StructType SCHEMA = new StructType()
            .add(ID, DataTypes.StringType, false)
            .add(SOURCE, DataTypes.StringType, false)
            .add(POSITION, DataTypes.LongType, false)
            .add(OFFSET, DataTypes.LongType, false)
            .add("external_id", DataTypes.StringType, true)
            .add("url", DataTypes.StringType, true)
            .add("date", DataTypes.StringType, true)
            .add(STATED_LANGUAGE, DataTypes.StringType, true)
            .add(PAGE_LANGUAGE, DataTypes.StringType, true)
            .add(REPAIRS, DataTypes.IntegerType, false)
            .add("mojibake_repairs", DataTypes.IntegerType, false)
            .add(BYTES, DataTypes.LongType, false)
            .add(TEXT, DataTypes.StringType, true)
            .add(CONTENT_HASH, DataTypes.StringType, true)
            .add(REJECTED, DataTypes.StringType, true);

    private DocumentTable() {}

    static Row row(Document document) {
        String text = document.text();
        return RowFactory.create(
                document.id(),
                document.place().source(),
                document.place().position(),
                document.place().offset(),
                document.metadata().externalId(),
                document.metadata().url(),
                document.metadata().date(),
                document.metadata().language(),
                document.metadata().pageLanguage(),
                document.repairs(),
                document.mojibakeRepairs(),
                text == null ? 0L : text.getBytes(StandardCharsets.UTF_8).length,
                text,
                document.contentHash(),
                document.rejected());
    }
}
