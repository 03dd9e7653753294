package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.dedup.DecontaminationConfig;
import io.polyglow.dataprep.dedup.EvaluationIndex.Item;
import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.LineReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Reads evaluation sets: JSONL and Parquet with an item a record, other files with an item a line; also {@code .gz} and {@code .zst}. The driver reads them, a
 * line at a time: their n-grams must fit every executor's memory anyway.
 */
final class EvaluationFiles {
    private static final int MAX_LINE_BYTES = 16 << 20;

    private final SparkSession spark;
    private final Configuration conf;
    private final @Nullable String field;

    EvaluationFiles(SparkSession spark, DecontaminationConfig config) {
        this.spark = spark;
        this.conf = spark.sessionState().newHadoopConf();
        this.field = config.field();
    }

    /** All items of a set, in the order of file names and lines; {@code location} is a file, a directory or a glob. */
    List<Item> read(String set, String location) {
        List<Item> items = new ArrayList<>();
        try {
            for (Path file : files(location)) {
                read(set, file, items);
            }
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The evaluation set " + set + " (" + location + ") cannot be read: " + e.getMessage(),
                    e);
        }
        if (items.isEmpty()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The evaluation set " + set + " (" + location + ") has no text"
                            + (field == null ? "" : " in \"" + field + "\"")
                            + ". Check decontamination.sets and decontamination.field.");
        }
        return items;
    }

    private List<Path> files(String location) throws IOException {
        Path path = Locations.path(location);
        FileSystem files = Locations.fileSystem(path, conf);
        FileStatus[] found = files.globStatus(path);
        if (found == null || found.length == 0) {
            throw new PolyglowException(ErrorKind.USAGE, "decontamination.sets: there is no file " + location + ".");
        }
        List<Path> all = new ArrayList<>();
        for (FileStatus status : found) {
            if (status.isFile()) {
                all.add(status.getPath());
            } else {
                Arrays.stream(files.listStatus(status.getPath()))
                        .filter(FileStatus::isFile)
                        .map(FileStatus::getPath)
                        .filter(file -> !file.getName().startsWith("_")
                                && !file.getName().startsWith("."))
                        .forEach(all::add);
            }
        }
        all.sort(Comparator.comparing(Path::toString));
        return all;
    }

    private void read(String set, Path file, List<Item> items) throws IOException {
        Compression compression = Compression.ofName(file.getName());
        String name = compression.strip(file.getName());
        if (name.endsWith(".parquet")) {
            readParquet(set, file, items);
            return;
        }
        boolean json = name.endsWith(".jsonl") || name.endsWith(".ndjson") || name.endsWith(".json");
        try (InputStream in = compression.open(Locations.open(file.toString(), 0, conf));
                LineReader lines = new LineReader(in, MAX_LINE_BYTES)) {
            for (long line = 1; lines.next(); line++) {
                String item = file.getName() + ":" + line;
                if (lines.isTooLong()) {
                    throw new PolyglowException(
                            ErrorKind.DATA, file + ":" + line + ": longer than " + MAX_LINE_BYTES + " bytes.");
                }
                add(set, item, Arrays.copyOf(lines.bytes(), lines.length()), json, file + ":" + line, items);
            }
        }
    }

    private void readParquet(String set, Path file, List<Item> items) {
        Iterator<String> rows = spark.read().parquet(file.toString()).toJSON().toLocalIterator();
        for (long row = 1; rows.hasNext(); row++) {
            byte[] record = rows.next().getBytes(StandardCharsets.UTF_8);
            add(set, file.getName() + ":" + row, record, true, file + ", row " + row, items);
        }
    }

    private void add(String set, String item, byte[] bytes, boolean json, String place, List<Item> items) {
        String line = new String(bytes, StandardCharsets.UTF_8);
        if (line.isBlank()) {
            return;
        }
        if (json) {
            JsonObject record = Json.parseObject(place, bytes);
            addStrings(set, item, field == null ? record : record.get(field), items);
        } else {
            items.add(new Item(set, item, line));
        }
    }

    /** Every string in a value, however deep. */
    private static void addStrings(String set, String item, @Nullable Object value, List<Item> items) {
        if (value instanceof String text) {
            items.add(new Item(set, item, text));
        } else if (value instanceof JsonObject object) {
            object.names().forEach(name -> addStrings(set, item, object.get(name), items));
        } else if (value instanceof JsonArray array) {
            for (int i = 0; i < array.size(); i++) {
                addStrings(set, item, array.get(i), items);
            }
        }
    }
}
