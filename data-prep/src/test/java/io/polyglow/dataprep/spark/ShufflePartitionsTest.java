package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.spark.NearDuplicates.Sketched;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class ShufflePartitionsTest {
    private final SparkSession spark = LocalSpark.session();

    @Test
    void shouldGiveLargeInputsMorePartitionsWhileTheJobRuns() throws IOException {
        assertThat(partitionsWhile(file(3L << 30, Compression.NONE), file(1L << 30, Compression.GZIP)))
                .isEqualTo("224");
        assertThat(spark.conf().get("spark.sql.shuffle.partitions")).isEqualTo("3");
    }

    @Test
    void shouldLeaveTheSessionsNumberWhereItIsEnough() throws IOException {
        assertThat(partitionsWhile(file(1000, Compression.NONE))).isEqualTo("3");
    }

    @Test
    void shouldCountWhatEarlierCorporaAddToTheJoins() throws IOException {
        List<InputFile> week = List.of(file(32 << 20, Compression.NONE));
        Sketched none = new Sketched(spark.emptyDataFrame(), spark.emptyDataFrame());
        List<EarlierCorpus> earlier =
                List.of(new EarlierCorpus("a", 2L << 30, none), new EarlierCorpus("b", 1L << 30, none));

        assertThat(ShufflePartitions.whileReading(week, earlier, spark, this::partitions))
                .isEqualTo("97");
        assertThat(ShufflePartitions.whileReading(week, List.of(), spark, this::partitions))
                .isEqualTo("3");
    }

    @Test
    void shouldTakeParquetForCompressedText() throws IOException {
        assertThat(partitionsWhile(new InputFile("a", "file:/a", 1L << 30, Format.PARQUET, Compression.NONE)))
                .isEqualTo("128");
    }

    private String partitions() {
        return spark.conf().get("spark.sql.shuffle.partitions");
    }

    private String partitionsWhile(InputFile... files) throws IOException {
        return ShufflePartitions.whileReading(List.of(files), List.of(), spark, this::partitions);
    }

    private static InputFile file(long bytes, Compression compression) {
        return new InputFile("a", "file:/a", bytes, Format.TEXT, compression);
    }
}
