package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.FileNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.TaskAttemptID;
import org.apache.hadoop.mapreduce.task.TaskAttemptContextImpl;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one machine can show of them; {@code TrainingOnHostsTest} shows the rest. */
class SharedFoldersTest {
    @TempDir
    Path directory;

    @Test
    void shouldRefuseToWriteATableWhereTheDriverHasMadeNoFolderForIt() {
        SharedFolderCommits commits = new SharedFolderCommits("job", uri("table"), false);
        TaskAttemptContext task = new TaskAttemptContextImpl(new Configuration(), new TaskAttemptID());

        assertThatThrownBy(() -> commits.setupTask(task))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageStartingWith(directory.resolve("table") + "/_temporary is there for the driver, but not on ")
                .hasMessageContaining("HDFS");
        assertThat(directory.resolve("table")).doesNotExist();
    }

    @Test
    void shouldWriteATableWhereTheDriverHasMadeAFolderForIt() {
        SparkSession spark = LocalSpark.session();
        spark.range(5).write().parquet(uri("numbers"));
        assertThat(spark.read().parquet(uri("numbers")).count()).isEqualTo(5);
    }

    @Test
    void shouldTakeAMissingFileForOneThatVanishedOnTheMachineOfTheDriver() {
        LocalSpark.session();
        FileNotFoundException gone = new FileNotFoundException("gone");
        assertThat(SharedFolders.missing(new org.apache.hadoop.fs.Path(uri("gone")), gone))
                .isSameAs(gone);
        assertThatThrownBy(() -> Locations.open(uri("gone"), 0, new Configuration()))
                .isInstanceOf(FileNotFoundException.class);
        assertThat(Files.exists(directory.resolve("gone"))).isFalse();
    }

    private String uri(String name) {
        return Locations.path(directory.resolve(name).toString()).toString();
    }
}
