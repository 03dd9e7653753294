package io.polyglow.dataprep.read;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import com.univocity.parsers.csv.UnescapedQuoteHandling;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One document per record of a CSV or TSV file whose first record names the columns. Fields are taken apart by univocity, Spark's own CSV parser, so that a record means what it
 * means there. Positions are lines, since records may span several.
 */
final class CsvDocuments extends DocumentIterator {
    private static final int MAX_COLUMNS = 20_480;

    private final String source;
    private final CsvRecords records;
    private final CsvParser parser;
    private final ReadOptions options;
    private @Nullable List<String> header;

    CsvDocuments(String source, InputStream in, char delimiter, ReadOptions options) {
        this.source = source;
        this.records = new CsvRecords(in, delimiter, options);
        this.options = options;
        CsvParserSettings settings = new CsvParserSettings();
        settings.getFormat().setDelimiter(delimiter);
        settings.getFormat().setLineSeparator("\n");
        settings.setMaxCharsPerColumn(-1);
        settings.setMaxColumns(MAX_COLUMNS);
        settings.setIgnoreLeadingWhitespaces(false);
        settings.setIgnoreTrailingWhitespaces(false);
        settings.setUnescapedQuoteHandling(UnescapedQuoteHandling.STOP_AT_DELIMITER);
        this.parser = new CsvParser(settings);
    }

    @Override
    @Nullable
    RawDocument advance() {
        Place place = Place.ofFile(source);
        try {
            CsvRecords.Frame record = records.next();
            if (record == null) {
                close();
                return null;
            }
            place = new Place(source, record.line(), record.offset());
            return record.rejected() == null
                    ? document(place, record.bytes())
                    : RawDocument.rejected(place, record.rejected());
        } catch (TextParsingException e) {
            return RawDocument.rejected(place, "malformed CSV: more than " + MAX_COLUMNS + " columns");
        } catch (IOException e) {
            close();
            return RawDocument.rejected(place, Readers.damaged(e));
        }
    }

    private @Nullable RawDocument document(Place place, byte[] bytes) {
        Decoded record = Decoded.utf8(bytes, 0, bytes.length);
        String[] fields = parser.parseLine(record.text());
        if (fields == null) {
            return null;
        }
        List<String> names = header;
        if (names == null) {
            header = Arrays.asList(fields);
            return checkHeader(place, Arrays.asList(fields));
        }
        String text = field(names, fields, options.textColumn());
        return text == null
                ? RawDocument.rejected(place, "no text: column \"" + options.textColumn() + "\" is missing or empty")
                : RawDocument.of(
                        place,
                        metadata(names, fields),
                        Decoded.chars(text).withRepairs(record.repairs()).withoutMojibake());
    }

    private @Nullable RawDocument checkHeader(Place place, List<String> names) {
        if (names.contains(options.textColumn())) {
            return null;
        }
        close();
        return RawDocument.rejected(
                place,
                "no text: no column \"" + options.textColumn() + "\" in the first record, which is " + names
                        + "; set columns.text");
    }

    private Metadata metadata(List<String> names, String[] fields) {
        return new Metadata(
                field(names, fields, options.idColumn()),
                field(names, fields, options.urlColumn()),
                field(names, fields, options.dateColumn()),
                field(names, fields, options.languageColumn()));
    }

    private static @Nullable String field(List<String> names, String[] fields, String name) {
        int column = names.indexOf(name);
        return column >= 0 && column < fields.length ? fields[column] : null;
    }

    private void close() {
        end();
        try {
            records.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + source, e);
        }
    }
}
