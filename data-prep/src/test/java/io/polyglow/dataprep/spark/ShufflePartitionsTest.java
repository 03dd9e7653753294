package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
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

    private String partitionsWhile(InputFile... files) throws IOException {
        return ShufflePartitions.whileReading(
                List.of(files), spark, () -> spark.conf().get("spark.sql.shuffle.partitions"));
    }

    private static InputFile file(long bytes, Compression compression) {
        return new InputFile("a", "file:/a", bytes, Format.TEXT, compression);
    }
}
