package io.polyglow.dataprep.spark;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Decoded;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/** The strings of each row of a Parquet file, however deep. */
final class ParquetStrings {
    private ParquetStrings() {}

    /** Hears rows, counted from 1. */
    @FunctionalInterface
    interface Sink {
        /** One row. */
        void accept(long row, List<String> texts);
    }

    /**
     * Reads a whole file.
     *
     * @param column the one whose strings are wanted, at the top level, where also bytes that nothing is said of count as text; null for all strings of a row
     * @throws IOException when the file is damaged
     */
    static void read(String uri, Configuration conf, @Nullable String column, Sink sink) throws IOException {
        ParquetCodecs codecs = new ParquetCodecs(conf);
        try {
            ParquetFile file = new ParquetFile(uri, conf);
            MessageType schema = file.schema();
            boolean has = column == null || schema.containsField(column);
            MessageType wanted = column == null || !has
                    ? schema
                    : new MessageType(schema.getName(), schema.getType(schema.getFieldIndex(column)));
            for (ParquetFile.RowGroup group : file.rowGroups()) {
                try (ParquetPages pages = file.pages(group, wanted, codecs)) {
                    RecordReader<Group> records = new ColumnIOFactory(file.createdBy())
                            .getColumnIO(wanted, schema)
                            .getRecordReader(pages, new GroupRecordConverter(wanted));
                    for (long row = 0; row < group.rows(); row++) {
                        List<String> texts = new ArrayList<>();
                        Group record = records.read();
                        if (has) {
                            addStrings(record, column != null, texts);
                        }
                        sink.accept(group.firstRow() + row + 1, texts);
                    }
                }
            }
        } catch (UncheckedIOException | PolyglowException e) {
            throw e;
        } catch (RuntimeException e) {
            // what a parser of hostile bytes throws is the fault of the file
            throw new IOException("damaged: " + e.getMessage(), e);
        }
    }

    private static void addStrings(Group group, boolean bytesToo, List<String> texts) {
        for (int i = 0; i < group.getType().getFieldCount(); i++) {
            Type type = group.getType().getType(i);
            for (int k = 0; k < group.getFieldRepetitionCount(i); k++) {
                if (!type.isPrimitive()) {
                    addStrings(group.getGroup(i, k), bytesToo, texts);
                } else if (isString(type.asPrimitiveType(), bytesToo)) {
                    Binary value = group.getBinary(i, k);
                    texts.add(Decoded.utf8(value.getBytesUnsafe(), 0, value.length())
                            .text());
                }
            }
        }
    }

    private static boolean isString(PrimitiveType type, boolean bytesToo) {
        LogicalTypeAnnotation meaning = type.getLogicalTypeAnnotation();
        return ParquetColumn.isText(type) && (bytesToo || meaning != null);
    }
}
