package io.polyglow.cluster.spark;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says it when a data job waits because none of its executors is there, and when one has come. Spark waits without end, and tells so below the level that users see; where a cluster is full that is right, but
 * not in silence. Training has its own wait for all ranks at once, {@link BarrierRunner}.
 */
public final class ExecutorWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutorWatch.class);
    private static final long QUIET_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(1);

    private final SparkContext context;
    private final Consumer<String> news;
    private final long quietNs;
    private boolean hadExecutors;
    private boolean said;
    private boolean waiting;
    private long sinceNs;

    ExecutorWatch(SparkContext context, Consumer<String> news, long quietNs) {
        this.context = context;
        this.news = news;
        this.quietNs = quietNs;
    }

    /** Watches until the application ends, in a daemon thread, which also calls {@code news}; does nothing where executors are no processes of their own. */
    public static void start(SparkContext context, Consumer<String> news) {
        if (context.isLocal()) {
            return;
        }
        ExecutorWatch watch = new ExecutorWatch(context, news, QUIET_NS);
        Thread thread = new Thread(() -> watch.run(SystemNanoClock.INSTANCE), "executor-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private void run(NanoClock clock) {
        while (!context.isStopped()) {
            try {
                look(clock.nanoTime());
            } catch (RuntimeException e) { // the context may be stopped while it is asked
                LOG.debug("cannot see executors", e);
            }
            LockSupport.parkNanos(PERIOD_NS);
        }
    }

    /** Looks once. */
    void look(long nowNs) {
        boolean none = executors() == 0;
        hadExecutors |= !none;
        boolean waits = none && context.statusTracker().getActiveStageIds().length > 0;
        if (waits && !waiting) {
            sinceNs = nowNs;
        }
        waiting = waits;
        if (waits && !said && nowNs - sinceNs >= quietNs) {
            said = true;
            news.accept(waitingForExecutors(nowNs - sinceNs));
        } else if (said && !none) {
            said = false;
            news.accept("Executors have come; the job goes on.");
        }
    }

    private String waitingForExecutors(long elapsedNs) {
        SparkConf conf = context.getConf();
        String cores = conf.get("spark.executor.cores", "");
        return "Waiting for executors: " + (hadExecutors ? "all are gone, and no other has come" : "none has come")
                + " in "
                + TimeUnit.NANOSECONDS.toSeconds(elapsedNs) + " s. The job goes on as soon as one does. Perhaps "
                + context.master() + " has no room for one with spark.executor.memory = "
                + conf.get("spark.executor.memory", "1g")
                + (cores.isEmpty() ? "" : " and spark.executor.cores = " + cores) + "." + ifWorkersAreFree(conf);
    }

    /** What to do about executors that cannot reach the driver: they end without a word that it could hear. */
    static String ifWorkersAreFree(SparkConf conf) {
        return " If workers are free, their executors cannot reach this process at " + conf.get("spark.driver.host")
                + ":"
                + conf.get("spark.driver.port")
                + ": let their connections through any firewall, set spark.driver.host to an address that they can reach, or start the"
                + " command on a machine of the cluster.";
    }

    /** The driver is one of those that Spark lists. */
    private int executors() {
        return context.statusTracker().getExecutorInfos().length - 1;
    }
}
