package io.polyglow.dataprep.read;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import com.univocity.parsers.csv.UnescapedQuoteHandling;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Place;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The records of a CSV or TSV file whose first record names the columns. Fields are taken apart by univocity, Spark's own CSV parser, so that a record means what it means there.
 * Positions are lines, since records may span several. Not thread-safe.
 */
public final class CsvTable implements Closeable {
    private static final int MAX_COLUMNS = 20_480;

    private final String source;
    private final Charset charset;
    private final CsvRecords records;
    private final CsvParser parser;
    private List<String> names = List.of();

    /**
     * One record, or what is wrong with it.
     *
     * @param isHeader whether this is the record that names the columns
     * @param names of the columns
     * @param fields null where a field is empty; they may be fewer or more than names, see {@link #hasTooManyFields}
     * @param repairs malformed sequences and NULs repaired while reading
     * @param rejected why the record cannot be used; null when it can
     */
    public record Row(
            Place place,
            boolean isHeader,
            List<String> names,
            List<String> fields,
            int repairs,
            @Nullable String rejected) {
        /** The field of a column; null when it is empty or not there. */
        public @Nullable String field(String name) {
            int column = names.indexOf(name);
            return column >= 0 && column < fields.size() ? fields.get(column) : null;
        }

        /** Whether something stands behind the last column, as when a delimiter in a text is not in quotes: fields are then cut short and in the wrong columns. */
        boolean hasTooManyFields() {
            return fields.stream().skip(names.size()).anyMatch(Objects::nonNull);
        }
    }

    /** Reads {@code in}, decompressed, whose charset its first bytes tell and whose records are called by {@code source}. */
    public CsvTable(String source, InputStream in, char delimiter, ReadOptions options) {
        this.source = source;
        EncodedStream encoded = EncodedStream.of(Format.CSV, in);
        this.charset = encoded.charset();
        this.records = new CsvRecords(encoded.in(), delimiter, options);
        CsvParserSettings settings = new CsvParserSettings();
        settings.getFormat().setDelimiter(delimiter);
        settings.getFormat().setLineSeparator("\n");
        settings.setMaxCharsPerColumn(-1);
        settings.setMaxColumns(MAX_COLUMNS);
        settings.setIgnoreLeadingWhitespaces(false);
        settings.setIgnoreTrailingWhitespaces(false);
        // RFC 4180 knows no comments, and texts begin with # too
        settings.setCommentProcessingEnabled(false);
        settings.setUnescapedQuoteHandling(UnescapedQuoteHandling.STOP_AT_DELIMITER);
        this.parser = new CsvParser(settings);
    }

    /**
     * The next record, the first of them the names; null at the end.
     *
     * @throws IOException when the file is damaged here; nothing can be read after it
     */
    public @Nullable Row next() throws IOException {
        for (CsvRecords.Frame record = records.next(); record != null; record = records.next()) {
            Place place = new Place(source, record.line(), record.offset());
            if (record.rejected() != null) {
                return rejected(place, record.rejected());
            }
            Row row = row(place, Decoded.of(charset, record.bytes(), 0, record.bytes().length));
            if (row != null) {
                return row;
            }
        }
        return null;
    }

    /** Where the next record begins. */
    Place place() {
        return records.place(source);
    }

    /** Null for a record without anything in it. */
    private @Nullable Row row(Place place, Decoded record) {
        String[] fields;
        try {
            fields = parser.parseLine(record.text());
        } catch (TextParsingException e) {
            return rejected(place, "malformed CSV: more than " + MAX_COLUMNS + " columns");
        }
        if (fields == null) {
            return null;
        }
        List<String> all = Arrays.asList(fields);
        boolean first = names.isEmpty();
        names = first ? all : names;
        return new Row(place, first, names, all, record.repairs(), null);
    }

    private Row rejected(Place place, String reason) {
        return new Row(place, false, names, List.of(), 0, reason);
    }

    @Override
    public void close() throws IOException {
        records.close();
    }
}
