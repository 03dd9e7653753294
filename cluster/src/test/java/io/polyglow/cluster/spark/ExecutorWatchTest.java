package io.polyglow.cluster.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster of one worker on this machine, which starts an executor when the test asks for it, not before. */
@Timeout(60)
class ExecutorWatchTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final List<String> news = new ArrayList<>();
    private final CountDownLatch stage = new CountDownLatch(1);
    private final CountDownLatch executor = new CountDownLatch(1);

    @Test
    void shouldSayOnceThatTheJobWaitsForExecutorsAndThatOneHasCome() throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(withoutExecutors())) {
            spark.sc().addSparkListener(listener());
            ExecutorWatch watch = new ExecutorWatch(spark.sc(), news::add, 10 * SECOND);
            watch.look(0);
            watch.look(20 * SECOND);
            assertThat(news).as("while nothing is to be done").isEmpty();

            JavaFutureAction<Long> job = spark.parallelize(List.of(1, 2, 3), 1).countAsync();
            stage.await();
            spark.sc().listenerBus().waitUntilEmpty();
            watch.look(30 * SECOND);
            watch.look(39 * SECOND);
            assertThat(news).as("within the time that executors may take").isEmpty();

            watch.look(42 * SECOND);
            watch.look(60 * SECOND);
            assertThat(news).hasSize(1);
            assertThat(news.get(0))
                    .startsWith("Waiting for executors: none has come in 12 s.")
                    .contains("spark.executor.memory = 512m and spark.executor.cores = 1")
                    .contains("cannot reach this process at 127.0.0.1:"
                            + spark.getConf().get("spark.driver.port"));

            spark.sc().requestExecutors(1);
            executor.await();
            spark.sc().listenerBus().waitUntilEmpty();
            watch.look(61 * SECOND);
            watch.look(80 * SECOND);
            assertThat(news.subList(1, news.size())).containsExactly("Executors have come; the job goes on.");
            assertThat(job.get()).isEqualTo(3);
        }
    }

    private static SparkConf withoutExecutors() {
        SparkConf conf = new SparkConf()
                .setAppName("executor-watch-test")
                .setMaster("local-cluster[1,1,1024]")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.ui.enabled", "false")
                .set("spark.executor.memory", "512m")
                .set("spark.executor.cores", "1")
                .set("spark.dynamicAllocation.enabled", "true")
                .set("spark.dynamicAllocation.shuffleTracking.enabled", "true")
                .set("spark.dynamicAllocation.schedulerBacklogTimeout", "1h");
        ExecutorClassPath.addTo(conf);
        return conf;
    }

    private SparkListener listener() {
        return new SparkListener() {
            @Override
            public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
                stage.countDown();
            }

            @Override
            public void onExecutorAdded(SparkListenerExecutorAdded added) {
                executor.countDown();
            }
        };
    }
}
