package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.FileNotFoundException;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkEnv;

/**
 * Local folders that machines must share. A plain path means a folder of each machine, so an executor that reads or writes one would pass over what it does not find, and
 * put what it makes where the driver never looks: text would be lost in silence. So executors on other machines than the driver's stop at what the driver has and they have not.
 */
final class SharedFolders {
    private SharedFolders() {}

    /** What a missing file means here: nothing more than that on the driver's machine, and for locations that are the same for all. */
    static FileNotFoundException missing(Path path, FileNotFoundException missing) {
        if (isLocal(path) && isAwayFromDriver()) {
            throw notShared(path);
        }
        return missing;
    }

    /** An error if {@code directory}, which the driver has made, is not there. */
    static void requireShared(Path directory, Configuration conf) throws IOException {
        if (isLocal(directory) && !directory.getFileSystem(conf).exists(directory)) {
            throw notShared(directory);
        }
    }

    private static PolyglowException notShared(Path path) {
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                path.toUri().getPath() + " is there for the driver, but not on " + host()
                        + ". A plain path is a folder of each machine: with executors on several, put input and output on HDFS,"
                        + " or into a folder that all machines mount there. Nothing was published.");
    }

    private static boolean isLocal(Path path) {
        return "file".equals(path.toUri().getScheme());
    }

    private static boolean isAwayFromDriver() {
        SparkEnv env = SparkEnv.get();
        return env != null && !host().equals(env.conf().get("spark.driver.host", host()));
    }

    private static String host() {
        SparkEnv env = SparkEnv.get();
        return env == null
                ? "this machine"
                : env.blockManager().blockManagerId().host();
    }
}
