package io.polyglow.dataprep.spark;

import io.polyglow.common.json.JsonObject;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.StageInfo;
import org.jspecify.annotations.Nullable;
import scala.collection.JavaConverters;

/**
 * What each step of a job, named by its Spark job description, cost, and how evenly its tasks shared the rows that they read, as Spark's task metrics
 * tell. Stages that read few rows in all are passed over: a share of nearly nothing holds nobody up.
 */
final class TaskShares extends SparkListener {
    private static final String DESCRIPTION = "spark.job.description";
    private static final String END = "task shares: all events are in";
    private static final long PATIENCE_SECONDS = 60;

    private final long fewestRows;
    private final Map<Integer, String> stepOfJob = new HashMap<>();
    private final Map<Integer, Long> startOfJob = new HashMap<>();
    private final Map<Integer, String> stepOfStage = new HashMap<>();
    private final Map<Integer, long[]> rowsOfStage = new HashMap<>();
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final CountDownLatch end = new CountDownLatch(1);

    /** Looks at stages that read at least so many rows. */
    TaskShares(long fewestRows) {
        this.fewestRows = fewestRows;
    }

    @Override
    public synchronized void onJobStart(SparkListenerJobStart start) {
        String step = description(start);
        stepOfJob.put(start.jobId(), step);
        startOfJob.put(start.jobId(), start.time());
        for (StageInfo stage : JavaConverters.seqAsJavaList(start.stageInfos())) {
            stepOfStage.putIfAbsent(stage.stageId(), step);
        }
    }

    /** The rounds of clustering count as one step. */
    private static String description(SparkListenerJobStart start) {
        @Nullable String text = start.properties().getProperty(DESCRIPTION);
        return text == null ? "other" : text.replaceFirst(": round.*", ": rounds");
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd task) {
        TaskMetrics metrics = task.taskMetrics();
        if (metrics != null) {
            long rows = metrics.inputMetrics().recordsRead()
                    + metrics.shuffleReadMetrics().recordsRead();
            long[] sums = rowsOfStage.computeIfAbsent(task.stageId(), stage -> new long[2]);
            sums[0] += rows;
            sums[1] = Math.max(sums[1], rows);
        }
    }

    @Override
    public synchronized void onJobEnd(SparkListenerJobEnd job) {
        String step = stepOfJob.getOrDefault(job.jobId(), "other");
        if (step.equals(END)) {
            end.countDown();
        } else {
            seconds.merge(step, (job.time() - startOfJob.getOrDefault(job.jobId(), job.time())) / 1e3, Double::sum);
        }
    }

    /** Waits until all that happened has been heard, and stops listening. */
    void finish(SparkContext context) throws InterruptedException {
        context.setJobDescription(END);
        JavaSparkContext.fromSparkContext(context)
                .parallelize(java.util.List.of(1), 1)
                .count();
        context.setJobDescription(null);
        if (!end.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("Spark's listener bus is more than " + PATIENCE_SECONDS + " s behind");
        }
        context.removeSparkListener(this);
    }

    /** By step: the seconds of its jobs, and the largest share of a stage's rows that one task read; null where no stage read enough rows. */
    synchronized JsonObject json() {
        JsonObject steps = new JsonObject();
        seconds.forEach((step, time) ->
                steps.put(step, new JsonObject().put("seconds", time).put("largest_task_share", share(step))));
        return steps;
    }

    /** The largest share of all steps. */
    synchronized double largest() {
        return seconds.keySet().stream()
                .map(this::share)
                .filter(share -> share != null)
                .mapToDouble(share -> share)
                .max()
                .orElse(0);
    }

    private @Nullable Double share(String step) {
        return rowsOfStage.entrySet().stream()
                .filter(entry -> step.equals(stepOfStage.get(entry.getKey())))
                .map(Map.Entry::getValue)
                .filter(rows -> rows[0] >= fewestRows)
                .map(rows -> (double) rows[1] / rows[0])
                .max(Double::compare)
                .orElse(null);
    }
}
