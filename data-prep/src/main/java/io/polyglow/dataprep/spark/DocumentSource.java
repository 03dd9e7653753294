package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.clean.Cleaner;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.read.ReadOptions;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/** Input files as a table of cleaned documents, see {@link DocumentTable}. Large files are read by several tasks where the format allows. */
final class DocumentSource {
    private final SparkSession spark;
    private final SerializableConfiguration conf;
    private final ReadOptions options;

    DocumentSource(SparkSession spark, ReadOptions options) {
        this.spark = spark;
        this.conf = new SerializableConfiguration(spark.sessionState().newHadoopConf());
        this.options = options;
    }

    Dataset<Row> read(List<InputFile> files) {
        ReadOptions readOptions = options;
        SerializableConfiguration hadoop = conf;
        JavaRDD<RawDocument> documents = InputSlices.distribute(spark, slices(files))
                .flatMap(slice -> slice.documents(readOptions, hadoop.value()));
        return spark.createDataFrame(documents.map(raw -> DocumentTable.row(Cleaner.clean(raw))), DocumentTable.SCHEMA);
    }

    private List<InputSlice> slices(List<InputFile> files) {
        List<InputSlice> slices = InputSlices.of(spark, files);
        boolean cut = slices.stream().anyMatch(InputSlice::needsFirstLine);
        return cut ? numberLines(slices) : slices;
    }

    /** Line numbers name documents, so they must not depend on where a file was cut: count the lines of every slice first. */
    private List<InputSlice> numberLines(List<InputSlice> slices) {
        SerializableConfiguration hadoop = conf;
        List<Long> counts = InputSlices.distribute(spark, slices)
                .map(slice -> slice.needsFirstLine() ? slice.countLines(hadoop.value()) : 0L)
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
}
