package io.polyglow.dataprep.spark;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.Seq;

/** Records of int, long, double, String, records and lists of these, as rows: a component {@code meanLength} is the field {@code mean_length}. */
final class RecordRows {
    private static final Map<Class<?>, RecordComponent[]> COMPONENTS = new ConcurrentHashMap<>();
    private static final Map<Class<?>, Constructor<?>> CONSTRUCTORS = new ConcurrentHashMap<>();

    private RecordRows() {}

    static StructType schema(Class<? extends Record> type) {
        StructType schema = new StructType();
        for (RecordComponent component : components(type)) {
            schema = schema.add(snake(component.getName()), dataType(component.getGenericType()), false);
        }
        return schema;
    }

    static Row row(Record record) {
        return RowFactory.create(Arrays.stream(components(record.getClass()))
                .map(component -> toRow(read(component, record)))
                .toArray());
    }

    static <T extends Record> T record(Class<T> type, Row row) {
        RecordComponent[] components = components(type);
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = fromRow(components[i].getGenericType(), row.get(i));
        }
        try {
            return type.cast(constructor(type).newInstance(values));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make " + type, e);
        }
    }

    private static DataType dataType(Type type) {
        if (type == int.class) {
            return DataTypes.IntegerType;
        }
        if (type == long.class) {
            return DataTypes.LongType;
        }
        if (type == double.class || type == Double.class) {
            return DataTypes.DoubleType;
        }
        if (type == String.class) {
            return DataTypes.StringType;
        }
        if (type instanceof ParameterizedType list) {
            return DataTypes.createArrayType(dataType(list.getActualTypeArguments()[0]), false);
        }
        return schema(((Class<?>) type).asSubclass(Record.class));
    }

    private static Object toRow(Object value) {
        if (value instanceof Record record) {
            return row(record);
        }
        return value instanceof List<?> list
                ? list.stream().map(RecordRows::toRow).toArray()
                : value;
    }

    private static Object fromRow(Type type, Object value) {
        if (value instanceof Row row) {
            return record(((Class<?>) type).asSubclass(Record.class), row);
        }
        if (value instanceof Seq<?> items) {
            Type item = ((ParameterizedType) type).getActualTypeArguments()[0];
            return scala.collection.JavaConverters.seqAsJavaList(items).stream()
                    .map(each -> fromRow(item, each))
                    .toList();
        }
        return value;
    }

    private static RecordComponent[] components(Class<?> type) {
        return COMPONENTS.computeIfAbsent(type, Class::getRecordComponents);
    }

    private static Constructor<?> constructor(Class<?> type) {
        return CONSTRUCTORS.computeIfAbsent(type, each -> {
            Class<?>[] types = Arrays.stream(components(each))
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new);
            try {
                return each.getDeclaredConstructor(types);
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException("a record without its constructor: " + each, e);
            }
        });
    }

    private static Object read(RecordComponent component, Record record) {
        try {
            return component.getAccessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
    }

    private static String snake(String camelCase) {
        return camelCase.replaceAll("([A-Z]+)", "_$1").toLowerCase(Locale.ROOT);
    }
}
