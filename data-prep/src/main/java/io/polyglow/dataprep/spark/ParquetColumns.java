package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.read.ReadOptions;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/** Which columns of one Parquet file hold what documents are made of. */
final class ParquetColumns {
    final @Nullable ParquetColumn text;
    final @Nullable ParquetColumn id;
    final @Nullable ParquetColumn url;
    final @Nullable ParquetColumn date;
    final @Nullable ParquetColumn language;

    private final MessageType schema;
    private final String textName;

    ParquetColumns(MessageType schema, ReadOptions options) {
        this.schema = schema;
        this.textName = options.textColumn();
        this.text = ParquetColumn.find(schema, options.textColumn());
        this.id = ParquetColumn.find(schema, options.idColumn());
        this.url = ParquetColumn.find(schema, options.urlColumn());
        this.date = ParquetColumn.find(schema, options.dateColumn());
        this.language = ParquetColumn.find(schema, options.languageColumn());
    }

    /** Why the file has no texts; null when it has a column for them. */
    @Nullable
    String missing() {
        if (text == null) {
            return "no text: no column \"" + textName + "\"; the columns are "
                    + schema.getFields().stream().map(Type::getName).collect(Collectors.joining(", "))
                    + "; set columns.text";
        }
        return text.isText() ? null : "no text: column \"" + textName + "\" holds no text, it is " + text.type();
    }

    /** The rows of a row group of that file; only these columns are read. */
    ParquetRows rows(ParquetFile file, ParquetFile.RowGroup group, ParquetCodecs codecs) {
        MessageType columns = ParquetColumn.projection(
                schema,
                Stream.of(text, id, url, date, language)
                        .filter(Objects::nonNull)
                        .toList());
        return new ParquetRows(this, columns, file.pages(group, columns, codecs), file.createdBy());
    }
}
