package io.polyglow.dataprep.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.lib.output.FileOutputCommitter;
import org.apache.spark.sql.execution.datasources.SQLHadoopMapReduceCommitProtocol;

/** Spark's way to write tables, whose tasks on other machines refuse a local folder that they do not {@link SharedFolders share} with the driver. */
public final class SharedFolderCommits extends SQLHadoopMapReduceCommitProtocol {
    /** Key of a Spark property whose value, the name of this class, puts it in place. */
    public static final String KEY = "spark.sql.sources.commitProtocolClass";

    private final Path output;

    /** For Spark, which makes it by reflection. */
    public SharedFolderCommits(String jobId, String path, boolean dynamicPartitionOverwrite) {
        super(jobId, path, dynamicPartitionOverwrite);
        this.output = new Path(path);
    }

    @Override
    public void setupTask(TaskAttemptContext context) {
        try {
            // which the driver made when the job was set up
            SharedFolders.requireShared(
                    new Path(output, FileOutputCommitter.PENDING_DIR_NAME), context.getConfiguration());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        super.setupTask(context);
    }
}
