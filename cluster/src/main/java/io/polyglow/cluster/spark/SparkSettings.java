package io.polyglow.cluster.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;

/**
 * The Spark properties of a training job. Whatever the user or {@code spark-submit} sets wins over the defaults here, except for what
 * cannot work: dynamic allocation and speculation.
 */
final class SparkSettings {
    static final int DEFAULT_RANK_MEMORY_MB = 1024;

    private static final String OVERHEAD = "spark.executor.memoryOverhead";
    private static final String MAX_FAILURES = "spark.executor.maxNumFailures";
    private static final String FAILURES_COUNTED = "spark.executor.failuresValidityInterval";
    private static final String CHECKS = "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures";

    private static final int CHECKS_OF_QUEUES = 600;

    private final SparkConf conf = new SparkConf();
    private final String master;
    private final boolean waitsAsTold;

    SparkSettings(String application, SparkTarget target, int worldSize) {
        target.properties().forEach(conf::set);
        waitsAsTold = conf.contains(CHECKS);
        conf.setIfMissing("spark.app.name", application);
        conf.setIfMissing("spark.executor.memory", DEFAULT_RANK_MEMORY_MB + "m");
        master = master(target, worldSize);
        conf.setMaster(master);
        refuseDynamicAllocation();
        schedule(worldSize);
        detectFailures();
        describeJvm();
        if (onThisMachine()) {
            stayOnThisMachine();
        }
        ExecutorClassPath.addTo(conf);
        ExecutorHadoopSettings.addTo(conf);
    }

    SparkConf conf() {
        return conf;
    }

    String master() {
        return master;
    }

    /** CPU cores that Spark sets aside for a rank; the rank's threads are the engine's business. */
    int coresPerRank() {
        return conf.getInt("spark.task.cpus", 1);
    }

    String rankMemory() {
        return conf.get("spark.executor.memory");
    }

    /** Tells clusters that end a process which holds more than it asked for (YARN, Kubernetes) what a rank holds beside its heap; what the user says wins. */
    void leaveRoomBesideHeap(long bytes) {
        if (!conf.contains("spark.executor.memoryOverheadFactor")) {
            conf.setIfMissing(OVERHEAD, (((bytes - 1) >> 20) + 1) + "m");
        }
    }

    /** Lets ranks use what the config names. */
    void grantAccess(String configYaml) {
        HdfsAccess.grant(conf, configYaml.lines().toList());
    }

    /** Fails if there is no cluster where the master should be. */
    void requireMaster() {
        SparkMaster.require(conf);
    }

    /** How long to wait until all ranks have a slot. */
    long slotsTimeoutNs() {
        return checks(conf.getInt(CHECKS, 1));
    }

    /**
     * The same where an attempt was there before. A standalone master gives up a lost worker, and starts executors elsewhere, one to two minutes after it was lost, which is later than its executors are given up; and whoever
     * mends a machine needs longer still. Nobody waits for the answer, as when a job is started.
     */
    long slotsTimeoutOfRestartNs() {
        return waitsAsTold ? slotsTimeoutNs() : Math.max(slotsTimeoutNs(), checks(CHECKS_OF_QUEUES));
    }

    private long checks(int count) {
        return count
                * TimeUnit.SECONDS.toNanos(
                        conf.getTimeAsSeconds("spark.scheduler.barrier.maxConcurrentTasksCheck.interval"));
    }

    /** By then an old rank has ended, or Spark has given its executor up. */
    long ranksGoneTimeoutNs() {
        return TimeUnit.SECONDS.toNanos(conf.getTimeAsSeconds("spark.network.timeout")
                + conf.getTimeAsSeconds("spark.task.reaper.killTimeout")
                + 30);
    }

    private String master(SparkTarget target, int worldSize) {
        if (target.master() != null) {
            return target.master();
        }
        if (conf.contains("spark.master")) { // set by spark-submit
            return conf.get("spark.master");
        }
        int cores = Math.max(coresPerRank(), conf.getInt("spark.executor.cores", 1));
        return worldSize == 1
                ? "local[" + cores + "]"
                : "local-cluster[" + worldSize + "," + cores + "," + conf.getSizeAsMb("spark.executor.memory") + "]";
    }

    private boolean onThisMachine() {
        return master.startsWith("local") || master.matches("spark://(localhost|127\\.[0-9.]+):[0-9]+");
    }

    private void refuseDynamicAllocation() {
        if (conf.getBoolean("spark.dynamicAllocation.enabled", false)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "spark.dynamicAllocation.enabled is true, but the ranks of a training job must all run at once, which Spark's"
                            + " barrier mode refuses to combine with dynamic allocation. Set"
                            + " spark.dynamicAllocation.enabled=false for this job, and spark.executor.instances (YARN, Kubernetes)"
                            + " or spark.cores.max (standalone) to what the layout needs.");
        }
    }

    /** One executor per rank, all at once, once; restarts are the restart loop's business. */
    private void schedule(int worldSize) {
        int cores = coresPerRank();
        conf.setIfMissing("spark.executor.cores", Integer.toString(cores));
        conf.setIfMissing("spark.cores.max", Integer.toString(Math.multiplyExact(worldSize, cores)));
        conf.setIfMissing("spark.executor.instances", Integer.toString(worldSize));
        conf.setIfMissing("spark.scheduler.minRegisteredResourcesRatio", "1.0");
        conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
        conf.setIfMissing(CHECKS, hasQueues() ? Integer.toString(CHECKS_OF_QUEUES) : "60");
        tolerateLostExecutors(worldSize);
        conf.set("spark.speculation", "false");
    }

    /**
     * YARN and Kubernetes end an application that has lost more executors than it wanted, twice over, in all its life. A training job restarts as often as it makes progress, so only
     * what fails in quick succession counts: executors that cannot even start.
     */
    private void tolerateLostExecutors(int worldSize) {
        // contains() knows the names that these had for YARN alone; setIfMissing() does not
        if (!conf.contains(MAX_FAILURES)) {
            conf.set(MAX_FAILURES, Integer.toString(Math.max(16, 4 * worldSize)));
        }
        if (!conf.contains(FAILURES_COUNTED)) {
            conf.set(FAILURES_COUNTED, "10m");
        }
    }

    /** Where an executor may have to wait for those of others, or for a machine to be started. */
    private boolean hasQueues() {
        return master.equals("yarn") || master.startsWith("k8s");
    }

    /** A rank that ignores interruption loses its JVM; a frozen one is given up after a minute instead of two. */
    private void detectFailures() {
        conf.setIfMissing("spark.task.reaper.enabled", "true");
        conf.setIfMissing("spark.task.reaper.pollingInterval", "1s");
        conf.setIfMissing("spark.task.reaper.killTimeout", "15s");
        conf.setIfMissing("spark.network.timeout", "60s");
        conf.setIfMissing("spark.network.timeoutInterval", "10s");
        conf.setIfMissing("spark.executor.heartbeatInterval", "5s");
        conf.setIfMissing("spark.barrier.sync.timeout", "300s");
    }

    private void describeJvm() {
        String own = conf.get("spark.executor.extraJavaOptions", "");
        conf.set("spark.executor.extraJavaOptions", (jvmOptions() + " " + own).strip());
        // The engine runs its own threads; a native library that starts more only fights with them.
        for (String variable : new String[] {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) {
            conf.setIfMissing("spark.executorEnv." + variable, "1");
        }
        // Spark's addresses come from nvidia-smi, which counts by place on the bus; CUDA would begin with the fastest.
        conf.setIfMissing("spark.executorEnv.CUDA_DEVICE_ORDER", "PCI_BUS_ID");
    }

    private void stayOnThisMachine() {
        conf.setIfMissing("spark.driver.host", "127.0.0.1");
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        conf.setIfMissing("spark.ui.enabled", "false");
    }

    /** The flags of every Polyglow JVM. */
    static String jvmOptions() {
        try (InputStream in = PolyglowException.class.getResourceAsStream("/io/polyglow/common/jvm.options")) {
            if (in == null) {
                throw new PolyglowException(ErrorKind.BUG, "jvm.options is missing from the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
