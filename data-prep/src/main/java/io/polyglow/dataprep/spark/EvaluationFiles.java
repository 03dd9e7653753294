package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.dedup.EvaluationIndex.Item;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.read.CsvTable;
import io.polyglow.dataprep.read.EncodedStream;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.LineReader;
import io.polyglow.dataprep.read.ReadOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.jspecify.annotations.Nullable;

/**
 * Reads one evaluation set: JSONL, CSV, TSV and Parquet with an item a record, all other files with an item a line; compressed or not. The driver reads it, a record at a time: its
 * n-grams must fit every executor's memory anyway.
 */
final class EvaluationFiles {
    private static final ReadOptions RECORDS = new ReadOptions("", "", "", "", "", 16 << 20);

    private final Configuration conf;
    private final String set;
    private final String location;
    private final @Nullable String field;
    private final Consumer<Item> items;
    private long records;
    private long withoutField;

    /**
     * How much there is.
     *
     * @param items records and lines
     * @param withoutField those of them that have no text in {@code decontamination.field}
     */
    record Count(long items, long withoutField) {}

    private EvaluationFiles(
            Configuration conf, String set, String location, @Nullable String field, Consumer<Item> items) {
        this.conf = conf;
        this.set = set;
        this.location = location;
        this.field = field;
        this.items = items;
    }

    /** The files of a set, as they are read and hashed. */
    static List<InputFile> list(Configuration conf, String set, String location) {
        return InputFiles.list(conf, "The evaluation set " + set + ",", location, name -> Format.ofName(name)
                .filter(format -> format == Format.JSONL
                        || format == Format.CSV
                        || format == Format.TSV
                        || format == Format.PARQUET)
                .or(() -> Optional.of(Format.LINES)));
    }

    /**
     * Gives {@code items} every text of a set, in the order of file names and records.
     *
     * @param location a file, a directory or a glob
     * @param field name of the member or column with the texts; null for all
     * @throws PolyglowException of kind DATA when the set has no text, or a file of it is damaged
     */
    static Count read(Configuration conf, String set, String location, @Nullable String field, Consumer<Item> items) {
        EvaluationFiles files = new EvaluationFiles(conf, set, location, field, items);
        list(conf, set, location).forEach(files::read);
        if (files.records == files.withoutField) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The evaluation set " + set + " (" + location + ") has no text"
                            + (field == null ? "" : " in \"" + field + "\"")
                            + ". Check decontamination.sets and decontamination.field.");
        }
        return new Count(files.records, files.withoutField);
    }

    private void read(InputFile file) {
        try {
            switch (file.format()) {
                case PARQUET -> readParquet(file);
                case CSV -> readTable(file, ',');
                case TSV -> readTable(file, '\t');
                default -> readLines(file);
            }
        } catch (IOException e) {
            throw damaged(file.path(), String.valueOf(e.getMessage()), e);
        }
    }

    private InputStream open(InputFile file) throws IOException {
        return file.compression().open(Locations.open(file.path(), 0, conf));
    }

    private void readLines(InputFile file) throws IOException {
        EncodedStream encoded = EncodedStream.of(file.format(), open(file));
        try (LineReader lines = new LineReader(encoded.in(), RECORDS.maxDocumentBytes())) {
            for (long line = 1; lines.next(); line++) {
                String place = file.path() + ":" + line;
                if (lines.isTooLong()) {
                    throw damaged(place, RECORDS.tooLarge(lines.lineBytes()), null);
                }
                Decoded decoded = Decoded.of(encoded.charset(), lines.bytes(), 0, lines.length());
                if (!decoded.text().isBlank()) {
                    addLine(item(file, line), file.format() == Format.JSONL, place, decoded);
                }
            }
        }
    }

    private void addLine(String item, boolean json, String place, Decoded line) {
        if (!json) {
            record(add(item, line.text()));
            return;
        }
        if (line.repairs() > 0) {
            throw damaged(place, "malformed UTF-8", null);
        }
        JsonObject object = Json.parseObject(place, line.text().getBytes(StandardCharsets.UTF_8));
        record(addStrings(item, field == null ? object : object.get(field)));
    }

    private void readTable(InputFile file, char delimiter) throws IOException {
        try (CsvTable table = new CsvTable(file.path(), open(file), delimiter, RECORDS)) {
            for (CsvTable.Row row = table.next(); row != null; row = table.next()) {
                if (row.rejected() != null) {
                    throw damaged(row.place().toString(), row.rejected(), null);
                }
                if (!row.isHeader()) {
                    record(addFields(item(file, row.place().position()), row));
                }
            }
        }
    }

    private boolean addFields(String item, CsvTable.Row row) {
        if (field != null) {
            String text = row.field(field);
            return text != null && add(item, text);
        }
        boolean any = false;
        for (String text : row.fields()) {
            any |= text != null && add(item, text);
        }
        return any;
    }

    private void readParquet(InputFile file) throws IOException {
        ParquetStrings.read(file.path(), conf, field, (row, texts) -> {
            boolean any = false;
            for (String text : texts) {
                any |= add(item(file, row), text);
            }
            record(any);
        });
    }

    private static String item(InputFile file, long record) {
        return file.source() + ":" + record;
    }

    private void record(boolean hasText) {
        records++;
        withoutField += hasText ? 0 : 1;
    }

    /** Every string in a value, however deep. */
    private boolean addStrings(String item, @Nullable Object value) {
        boolean any = false;
        if (value instanceof String text) {
            any = add(item, text);
        } else if (value instanceof JsonObject object) {
            for (String name : object.names()) {
                any |= addStrings(item, object.get(name));
            }
        } else if (value instanceof JsonArray array) {
            for (int i = 0; i < array.size(); i++) {
                any |= addStrings(item, array.get(i));
            }
        }
        return any;
    }

    private boolean add(String item, String text) {
        if (text.isBlank()) {
            return false;
        }
        items.accept(new Item(set, item, text));
        return true;
    }

    private PolyglowException damaged(String place, String reason, @Nullable Exception cause) {
        return new PolyglowException(
                ErrorKind.DATA,
                "The evaluation set " + set + " (" + location + ") cannot be read: " + place + ": " + reason,
                cause);
    }
}
