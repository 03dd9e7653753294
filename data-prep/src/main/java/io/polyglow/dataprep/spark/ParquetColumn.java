package io.polyglow.dataprep.spark;

import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/** A column of a Parquet file with at most one value a row. */
record ParquetColumn(ColumnDescriptor descriptor) {
    private static final long JULIAN_DAY_OF_EPOCH = 2_440_588;
    private static final long SECONDS_OF_DAY = 86_400;

    /** The column of that name, or, where there is none, the one that {@code a.b} leads to; null when that holds several values a row, or is none. */
    static @Nullable ParquetColumn find(MessageType schema, String name) {
        List<String> path = path(schema, name);
        if (path.isEmpty()) {
            return null;
        }
        ColumnDescriptor descriptor = schema.getColumnDescription(path.toArray(new String[0]));
        return descriptor.getMaxRepetitionLevel() > 0 ? null : new ParquetColumn(descriptor);
    }

    private static List<String> path(GroupType group, String name) {
        if (group.containsField(name)) {
            return group.getType(name).isPrimitive() ? List.of(name) : List.of();
        }
        int dot = name.indexOf('.');
        String first = dot < 0 ? "" : name.substring(0, dot);
        if (dot < 0 || !group.containsField(first) || group.getType(first).isPrimitive()) {
            return List.of();
        }
        List<String> path = new ArrayList<>(List.of(first));
        path.addAll(path(group.getType(first).asGroupType(), name.substring(dot + 1)));
        return path.size() == 1 ? List.of() : path;
    }

    /** What of a schema holds these columns, of which there must be one. */
    static MessageType projection(MessageType schema, List<ParquetColumn> columns) {
        return columns.stream()
                .map(column -> new MessageType(schema.getName(), only(schema, column.descriptor.getPath(), 0)))
                .reduce(MessageType::union)
                .orElseThrow();
    }

    private static Type only(GroupType group, String[] path, int depth) {
        Type type = group.getType(path[depth]);
        return type.isPrimitive() ? type : type.asGroupType().withNewFields(only(type.asGroupType(), path, depth + 1));
    }

    PrimitiveType type() {
        return descriptor.getPrimitiveType();
    }

    /** Whether values are characters, or bytes that nothing is said of. */
    boolean isText() {
        return isText(type());
    }

    static boolean isText(PrimitiveType type) {
        LogicalTypeAnnotation meaning = type.getLogicalTypeAnnotation();
        return type.getPrimitiveTypeName() == PrimitiveType.PrimitiveTypeName.BINARY
                && (meaning == null
                        || meaning.equals(LogicalTypeAnnotation.stringType())
                        || meaning.equals(LogicalTypeAnnotation.enumType())
                        || meaning.equals(LogicalTypeAnnotation.jsonType()));
    }

    /** Whether the value that the reader stands at is null. */
    boolean isNull(ColumnReader reader) {
        return reader.getCurrentDefinitionLevel() < descriptor.getMaxDefinitionLevel();
    }

    /** The value, which is no text and not null, as people write it: numbers in decimal, dates by ISO 8601, times in UTC. */
    String string(ColumnReader reader) {
        return switch (type().getPrimitiveTypeName()) {
            case INT32 -> type().stringifier().stringify(reader.getInteger());
            case INT64 -> type().stringifier().stringify(reader.getLong());
            case BOOLEAN -> type().stringifier().stringify(reader.getBoolean());
            case FLOAT -> type().stringifier().stringify(reader.getFloat());
            case DOUBLE -> type().stringifier().stringify(reader.getDouble());
            case BINARY, FIXED_LEN_BYTE_ARRAY -> type().stringifier().stringify(reader.getBinary());
            case INT96 -> timestamp(reader.getBinary());
        };
    }

    /** Nanoseconds of the day and Julian day, as Hive, Impala and Spark write times. */
    private static String timestamp(Binary int96) {
        var parts = int96.toByteBuffer().slice().order(ByteOrder.LITTLE_ENDIAN);
        long nanos = parts.getLong();
        long day = parts.getInt();
        return Instant.ofEpochSecond((day - JULIAN_DAY_OF_EPOCH) * SECONDS_OF_DAY, nanos)
                .toString();
    }
}
