package io.polyglow.cli;

import io.polyglow.cluster.spark.DriverHeap;
import io.polyglow.cluster.spark.ExecutorClassPath;
import io.polyglow.cluster.spark.ExecutorHadoopSettings;
import io.polyglow.cluster.spark.ExecutorWatch;
import io.polyglow.cluster.spark.HdfsAccess;
import io.polyglow.cluster.spark.SparkMaster;
import io.polyglow.cluster.spark.SparkTarget;
import io.polyglow.cluster.spark.yarn.QueueWatch;
import io.polyglow.cluster.store.hdfs.PromptClose;
import io.polyglow.dataprep.spark.LocalFiles;
import io.polyglow.dataprep.spark.SharedFolderCommits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a command's Spark job runs. */
final class SparkOptions {
    @Option(
            names = "--master",
            paramLabel = "URL",
            description =
                    "Spark master: spark://host:port, yarn, local[N], local-cluster[N,CORES,MB]. Default: this machine.")
    private @Nullable String master;

    @Option(
            names = "--conf",
            paramLabel = "KEY=VALUE",
            description =
                    "A Spark property, e.g. --conf spark.executor.memory=4g. May be repeated. On this machine alone Spark's web page of stages and jobs is off; --conf spark.ui.enabled=true opens it, at http://localhost:4040.")
    private Map<String, String> properties = new LinkedHashMap<>();

    /** The target of a training job. */
    SparkTarget target() {
        return new SparkTarget(master, properties);
    }

    /**
     * A session for a data job that reads and writes {@code places}: all cores of this machine unless a master is given. The console hears when the job waits for
     * its start or for executors.
     */
    SparkSession session(Console console, String application, String... places) {
        SparkConf conf = new SparkConf();
        properties.forEach(conf::set);
        conf.setAppName(application);
        if (master == null) {
            conf.setIfMissing("spark.master", "local[*]");
        } else {
            conf.setMaster(master);
        }
        if (conf.get("spark.master").startsWith("local")) {
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
            conf.setIfMissing("spark.ui.enabled", "false");
            conf.setIfMissing("spark.sql.shuffle.partitions", "8");
            conf.setIfMissing("spark.hadoop." + LocalFiles.KEY, LocalFiles.class.getName());
            // else a task that runs out of memory ends this process, with an exit code of Spark's
            conf.setIfMissing("spark.executor.killOnFatalError.depth", "0");
        }
        conf.setIfMissing(SharedFolderCommits.KEY, SharedFolderCommits.class.getName());
        Map<String, String> prompt = PromptClose.settings(new Configuration());
        if (prompt.keySet().stream().noneMatch(key -> conf.contains("spark.hadoop." + key))) {
            prompt.forEach((key, value) -> conf.set("spark.hadoop." + key, value));
        }
        DriverHeap.require();
        SparkMaster.require(conf);
        HdfsAccess.grant(conf, List.of(places));
        ExecutorClassPath.addTo(conf);
        ExecutorHadoopSettings.addTo(conf);
        SparkSession session = QueueWatch.start(
                conf, console::note, () -> SparkSession.builder().config(conf).getOrCreate());
        ExecutorWatch.start(session.sparkContext(), console::note);
        return session;
    }
}
