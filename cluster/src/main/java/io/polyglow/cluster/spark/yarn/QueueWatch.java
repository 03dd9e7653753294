package io.polyglow.cluster.spark.yarn;

import java.io.IOException;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.yarn.api.records.ApplicationReport;
import org.apache.hadoop.yarn.api.records.YarnApplicationState;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says why YARN does not start an application yet, in YARN's words. Where a queue is full, or its share for application masters is, Spark waits without end, before it has a context that could be asked.
 */
public final class QueueWatch {
    private static final Logger LOG = LoggerFactory.getLogger(QueueWatch.class);

    /** Longer than the half minute that Spark's jars and the application master's start take. */
    private static final long QUIET_NS = TimeUnit.SECONDS.toNanos(40);

    private static final long PERIOD_MS = 2_000;

    private final SparkConf conf;
    private final Consumer<String> news;
    private final CountDownLatch over = new CountDownLatch(1);
    private String said = "";

    private QueueWatch(SparkConf conf, Consumer<String> news) {
        this.conf = conf;
        this.news = news;
    }

    /** Starts an application, watched where {@code spark.master} is YARN by a daemon thread, which calls {@code news}. */
    public static <T> T start(SparkConf conf, Consumer<String> news, Supplier<T> application) {
        if (!conf.get("spark.master").equals("yarn")) {
            return application.get();
        }
        QueueWatch watch = new QueueWatch(conf, news);
        Thread thread = new Thread(() -> watch.run(SystemNanoClock.INSTANCE), "queue-watch");
        thread.setDaemon(true);
        thread.start();
        try {
            return application.get();
        } finally {
            watch.over.countDown();
        }
    }

    private void run(NanoClock clock) {
        long startNs = clock.nanoTime();
        try (YarnClient yarn = YarnClient.createYarnClient()) {
            yarn.init(new YarnConfiguration(SparkHadoopUtil.get().newConfiguration(conf)));
            yarn.start();
            while (!over.await(PERIOD_MS, TimeUnit.MILLISECONDS)) {
                long elapsedNs = clock.nanoTime() - startNs;
                if (elapsedNs >= QUIET_NS) {
                    waiting(yarn).ifPresent(application -> tell(application, elapsedNs));
                }
            }
        } catch (IOException | YarnException | RuntimeException e) {
            LOG.warn("YARN does not tell why the application waits: {}", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The newest of the user's applications of this name that YARN has not started. */
    private Optional<ApplicationReport> waiting(YarnClient yarn) throws IOException, YarnException {
        String user = UserGroupInformation.getCurrentUser().getShortUserName();
        EnumSet<YarnApplicationState> states = EnumSet.of(
                YarnApplicationState.NEW,
                YarnApplicationState.NEW_SAVING,
                YarnApplicationState.SUBMITTED,
                YarnApplicationState.ACCEPTED);
        return yarn.getApplications(Set.of("SPARK"), states).stream()
                .filter(application -> application.getUser().equals(user)
                        && application.getName().equals(conf.get("spark.app.name")))
                .max(Comparator.comparingLong(ApplicationReport::getStartTime));
    }

    private void tell(ApplicationReport application, long elapsedNs) {
        String why = withoutTime(application.getDiagnostics());
        if (!topic(why).equals(said)) {
            said = topic(why);
            news.accept("Waiting for YARN to start " + application.getApplicationId() + " in queue "
                    + application.getQueue() + ", for " + TimeUnit.NANOSECONDS.toSeconds(elapsedNs)
                    + " s until now. The job goes on as soon as it does"
                    + (why.isEmpty() ? "." : "; YARN says: " + why));
        }
    }

    /** Diagnostics in one line, without the time that they begin with. */
    static String withoutTime(String diagnostics) {
        return String.join(" ", diagnostics.strip().split("\\s+")).replaceFirst("^\\[[^]]*]\\s*", "");
    }

    /** The part of diagnostics that has no numbers, which change all the time. */
    static String topic(String why) {
        return why.replaceFirst("Details ?:.*", "").strip();
    }
}
