package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.read.ReadOptions;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/** The rows of Parquet files as documents. A file whose footer cannot be read, for instance one cut short, is one rejected document. */
final class ParquetDocuments {
    private final SparkSession spark;
    private final ReadOptions options;

    ParquetDocuments(SparkSession spark, ReadOptions options) {
        this.spark = spark;
        this.options = options;
    }

    JavaRDD<RawDocument> read(List<InputFile> files) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        List<String> faults = faults(context, files);
        List<InputFile> good = new ArrayList<>();
        List<String[]> bad = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            if (faults.get(i).isEmpty()) {
                good.add(files.get(i));
            } else {
                bad.add(new String[] {files.get(i).source(), faults.get(i)});
            }
        }
        JavaRDD<RawDocument> rejected =
                context.parallelize(bad).map(pair -> RawDocument.rejected(Place.ofFile(pair[0]), pair[1]));
        return good.isEmpty() ? rejected : rejected.union(rows(good));
    }

    /** For each file what is wrong with its footer; empty when nothing is. */
    private List<String> faults(JavaSparkContext context, List<InputFile> files) {
        SerializableConfiguration conf =
                new SerializableConfiguration(spark.sessionState().newHadoopConf());
        int partitions = Math.min(files.size(), 4 * context.defaultParallelism());
        return context.parallelize(files, partitions)
                .map(file -> fault(new Path(file.path()), conf.value()))
                .collect();
    }

    private static String fault(Path path, Configuration conf) throws IOException {
        HadoopInputFile file;
        try {
            file = HadoopInputFile.fromPath(path, conf);
        } catch (FileNotFoundException e) {
            return "vanished: the file was there when the input was listed";
        }
        try (ParquetFileReader reader = ParquetFileReader.open(file)) {
            return reader.getFooter() == null ? "damaged: no footer" : "";
        } catch (RuntimeException e) {
            return "damaged: " + e.getMessage();
        }
    }

    private JavaRDD<RawDocument> rows(List<InputFile> files) {
        Map<String, String> sources = new HashMap<>();
        files.forEach(file -> sources.put(file.path(), file.source()));
        Dataset<Row> table = spark.read().parquet(sources.keySet().toArray(new String[0]));
        requireText(table, files.get(0));
        ReadOptions readOptions = options;
        return table.select(
                        functions.col("_metadata.file_path"),
                        functions.col("_metadata.row_index"),
                        column(table, options.textColumn()),
                        column(table, options.idColumn()),
                        column(table, options.urlColumn()),
                        column(table, options.dateColumn()),
                        column(table, options.languageColumn()))
                .javaRDD()
                .map(row -> document(row, sources, readOptions));
    }

    private static RawDocument document(Row row, Map<String, String> sources, ReadOptions options) {
        String path = new Path(java.net.URI.create(row.getString(0))).toString();
        String source = sources.getOrDefault(path, path);
        Place place = new Place(source, row.getLong(1) + 1, row.getLong(1));
        String text = row.getString(2);
        if (text == null) {
            return RawDocument.rejected(place, "no text: column \"" + options.textColumn() + "\" is null");
        }
        if (text.length() > options.maxDocumentBytes()) {
            return RawDocument.rejected(place, options.tooLarge(text.length()));
        }
        Metadata metadata = new Metadata(row.getString(3), row.getString(4), row.getString(5), row.getString(6));
        return RawDocument.of(place, metadata, Decoded.chars(text).withoutMojibake());
    }

    private void requireText(Dataset<Row> table, InputFile first) {
        if (!has(table.schema(), options.textColumn())) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The Parquet file " + first.path() + " has no column \"" + options.textColumn()
                            + "\"; its columns are " + String.join(", ", table.columns()) + ". Set columns.text.");
        }
    }

    private static Column column(Dataset<Row> table, String name) {
        boolean top = Arrays.asList(table.columns()).contains(name);
        Column value = top
                ? functions.col("`" + name + "`")
                : has(table.schema(), name) ? functions.col("`" + name.replace(".", "`.`") + "`") : functions.lit(null);
        return value.cast("string");
    }

    /** Whether there is a column of that name, or one that {@code a.b} leads to. */
    private static boolean has(StructType schema, String path) {
        if (Arrays.asList(schema.fieldNames()).contains(path)) {
            return true;
        }
        int dot = path.indexOf('.');
        if (dot < 0 || !Arrays.asList(schema.fieldNames()).contains(path.substring(0, dot))) {
            return false;
        }
        DataType inner = schema.apply(path.substring(0, dot)).dataType();
        return inner instanceof StructType struct && has(struct, path.substring(dot + 1));
    }
}
