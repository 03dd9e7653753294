package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** One document per record of a CSV or TSV file after the one that names the columns. */
final class CsvDocuments extends DocumentIterator {
    private final String source;
    private final CsvTable table;
    private final ReadOptions options;

    CsvDocuments(String source, InputStream in, char delimiter, ReadOptions options) {
        this.source = source;
        this.table = new CsvTable(source, in, delimiter, options);
        this.options = options;
    }

    @Override
    @Nullable
    RawDocument advance() {
        try {
            CsvTable.Row row = table.next();
            if (row == null) {
                close();
                return null;
            }
            if (row.rejected() != null) {
                return RawDocument.rejected(row.place(), row.rejected());
            }
            return row.isHeader() ? checkHeader(row) : document(row);
        } catch (IOException e) {
            close();
            // nobody knows whether what is behind the damage stands in quotes
            return RawDocument.rejected(table.place(), Readers.damaged(e) + "; the rest of the table is given up");
        }
    }

    private RawDocument document(CsvTable.Row row) {
        if (row.hasTooManyFields()) {
            return RawDocument.rejected(
                    row.place(),
                    "malformed CSV: " + row.fields().size() + " fields for "
                            + row.names().size()
                            + " columns; a text with the delimiter in it must stand in quotes");
        }
        String text = row.field(options.textColumn());
        return text == null
                ? RawDocument.rejected(
                        row.place(), "no text: column \"" + options.textColumn() + "\" is missing or empty")
                : RawDocument.of(
                        row.place(),
                        metadata(row),
                        Decoded.chars(text).withRepairs(row.repairs()).withoutMojibake());
    }

    private @Nullable RawDocument checkHeader(CsvTable.Row row) {
        if (row.names().contains(options.textColumn())) {
            return null;
        }
        close();
        return RawDocument.rejected(
                row.place(),
                "no text: no column \"" + options.textColumn() + "\" in the first record, which is " + row.names()
                        + "; set columns.text");
    }

    private Metadata metadata(CsvTable.Row row) {
        return new Metadata(
                row.field(options.idColumn()),
                row.field(options.urlColumn()),
                row.field(options.dateColumn()),
                row.field(options.languageColumn()));
    }

    private void close() {
        end();
        try {
            table.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + source, e);
        }
    }
}
