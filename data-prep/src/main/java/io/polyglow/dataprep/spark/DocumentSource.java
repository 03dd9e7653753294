package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.clean.Cleaner;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;

/** Input files as a table of cleaned documents, see {@link DocumentTable}. Large files are read by several tasks where the format allows. */
final class DocumentSource {
    private final SparkSession spark;
    private final JavaSparkContext context;
    private final SerializableConfiguration conf;
    private final ReadOptions options;
    private final @Nullable String defaultLanguage;

    DocumentSource(SparkSession spark, ReadOptions options, @Nullable String defaultLanguage) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.conf = new SerializableConfiguration(spark.sessionState().newHadoopConf());
        this.options = options;
        this.defaultLanguage = defaultLanguage;
    }

    Dataset<Row> read(List<InputFile> files) {
        List<InputFile> parquet =
                files.stream().filter(file -> file.format() == Format.PARQUET).toList();
        List<InputFile> others =
                files.stream().filter(file -> file.format() != Format.PARQUET).toList();
        JavaRDD<RawDocument> documents = context.emptyRDD();
        if (!others.isEmpty()) {
            documents = documents.union(readSlices(slices(others)));
        }
        if (!parquet.isEmpty()) {
            documents = documents.union(readParquet(parquet));
        }
        return spark.createDataFrame(clean(documents), DocumentTable.SCHEMA);
    }

    private JavaRDD<Row> clean(JavaRDD<RawDocument> documents) {
        String language = defaultLanguage;
        return documents.mapPartitions(raw -> {
            Cleaner cleaner = new Cleaner(language);
            return stream(raw)
                    .map(document -> DocumentTable.row(cleaner.clean(document)))
                    .iterator();
        });
    }

    private JavaRDD<RawDocument> readSlices(List<InputSlice> slices) {
        ReadOptions readOptions = options;
        SerializableConfiguration hadoop = conf;
        return InputSlices.distribute(spark, slices).flatMap(slice -> slice.documents(readOptions, hadoop.value()));
    }

    private List<InputSlice> slices(List<InputFile> files) {
        List<InputSlice> slices = InputSlices.of(spark, files);
        boolean cut = slices.stream().anyMatch(slice -> !slice.isWholeFile());
        return cut ? numberLines(slices) : slices;
    }

    /** Line numbers name documents, so they must not depend on where a file was cut: count the lines of every slice first. */
    private List<InputSlice> numberLines(List<InputSlice> slices) {
        SerializableConfiguration hadoop = conf;
        List<Long> counts = InputSlices.distribute(spark, slices)
                .map(slice -> slice.isWholeFile() ? 0L : slice.countLines(hadoop.value()))
                .collect();
        List<InputSlice> numbered = new ArrayList<>();
        long line = 1;
        for (int i = 0; i < slices.size(); i++) {
            line = slices.get(i).start() == 0 ? 1 : line;
            numbered.add(slices.get(i).withFirstLine(line));
            line += counts.get(i);
        }
        return numbered;
    }

    private JavaRDD<RawDocument> readParquet(List<InputFile> files) {
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
                        column(table, options.languageColumn()))
                .javaRDD()
                .map(row -> document(row, sources, readOptions));
    }

    private static RawDocument document(Row row, Map<String, String> sources, ReadOptions options) {
        String path = new org.apache.hadoop.fs.Path(java.net.URI.create(row.getString(0))).toString();
        String source = sources.getOrDefault(path, path);
        long position = row.getLong(1) + 1;
        String text = row.getString(2);
        if (text == null) {
            return RawDocument.rejected(source, position, "no text: column \"" + options.textColumn() + "\" is null");
        }
        if (text.length() > options.maxDocumentBytes()) {
            return RawDocument.rejected(source, position, options.tooLarge(text.length()));
        }
        Decoded decoded = Decoded.chars(text);
        return new RawDocument(
                source, position, row.getString(3), row.getString(4), decoded.text(), decoded.repairs(), null);
    }

    private void requireText(Dataset<Row> table, InputFile first) {
        if (!Arrays.asList(table.columns()).contains(options.textColumn())) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The Parquet file " + first.path() + " has no column \"" + options.textColumn()
                            + "\"; its columns are " + String.join(", ", table.columns()) + ". Set columns.text.");
        }
    }

    private static Column column(Dataset<Row> table, String name) {
        boolean present = Arrays.asList(table.columns()).contains(name);
        Column value = present ? functions.col("`" + name + "`") : functions.lit(null);
        return value.cast("string");
    }

    private static <T> Stream<T> stream(Iterator<T> iterator) {
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator, Spliterator.ORDERED), false);
    }
}
