package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import scala.collection.JavaConverters;

/**
 * Runs a job's stages in order, each under its own Spark job group and description, tells a {@link ProgressListener} how far it is, and
 * turns Spark's exceptions into ours.
 */
final class StageTracker extends SparkListener implements AutoCloseable {
    private static final String JOB_GROUP = "spark.jobGroup.id";

    private final SparkContext context;
    private final String job;
    private final int stages;
    private final ProgressListener listener;
    private final Set<Integer> stageIds = new HashSet<>();
    private Progress progress;
    private int tasks;
    private int tasksEnded;

    /** Tracks {@code stages} calls of {@link #run}; {@code job} names the job in Spark's UI. */
    StageTracker(SparkSession spark, String job, int stages, ProgressListener listener) {
        this.context = spark.sparkContext();
        this.job = job;
        this.stages = stages;
        this.listener = listener;
        this.progress = new Progress(0, stages, "", 1);
        context.addSparkListener(this);
    }

    /** Runs the next stage. */
    <T> T run(String name, Callable<T> work) {
        begin(name);
        context.setJobGroup(group(), job + ": " + name, false);
        try {
            T result = work.call();
            report(1);
            return result;
        } catch (Exception e) {
            throw failure(name, e);
        } finally {
            context.clearJobGroup();
        }
    }

    /** Passes over the next stage, whose result is there already. */
    void skip(String name) {
        begin(name + " (unchanged)");
        report(1);
    }

    private synchronized void begin(String name) {
        stageIds.clear();
        tasks = 0;
        tasksEnded = 0;
        progress = new Progress(progress.stage() + 1, stages, name, 0);
        listener.progress(progress);
    }

    /** More Spark jobs may follow in one of our stages, so the total may grow; the fraction told never shrinks, and 1 is said by run only. */
    private synchronized void report(double fraction) {
        if (fraction > progress.fraction()) {
            progress = new Progress(progress.stage(), stages, progress.name(), fraction);
            listener.progress(progress);
        }
    }

    private String group() {
        return job + "-" + progress.stage();
    }

    @Override
    public synchronized void onJobStart(SparkListenerJobStart start) {
        if (!group().equals(start.properties().getProperty(JOB_GROUP))) {
            return;
        }
        for (StageInfo stage : JavaConverters.seqAsJavaList(start.stageInfos())) {
            tasks += stageIds.add(stage.stageId()) ? stage.numTasks() : 0;
        }
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        if (stageIds.contains(end.stageId())) {
            tasksEnded++;
            report(Math.min(0.99, (double) tasksEnded / Math.max(1, tasks)));
        }
    }

    private RuntimeException failure(String name, Exception failure) {
        PolyglowException known = find(failure, PolyglowException.class);
        if (known != null) {
            return known;
        }
        Throwable place = find(failure, UncheckedIOException.class);
        Throwable cause = place == null ? deepest(failure) : place;
        String what = job + " stopped in stage " + progress.stage() + " of " + stages + " (" + name + "): "
                + firstLine(cause);
        String advice =
                ". Nothing was published; Spark's log tells more. Run the same command again once the cause is gone.";
        // a Spark exception without a cause of ours tells of lost executors and the like
        boolean environment = cause instanceof IOException
                || cause instanceof UncheckedIOException
                || cause instanceof SparkException;
        return new PolyglowException(environment ? ErrorKind.ENVIRONMENT : ErrorKind.BUG, what + advice, failure);
    }

    /** Spark's messages go on with a stack trace. */
    private static String firstLine(Throwable cause) {
        return cause.toString().lines().findFirst().orElse("");
    }

    private static Throwable deepest(Throwable failure) {
        Throwable at = failure;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return at;
    }

    private static <T> @Nullable T find(@Nullable Throwable failure, Class<T> type) {
        Throwable at = failure;
        while (at != null && !type.isInstance(at)) {
            at = at.getCause();
        }
        return type.cast(at);
    }

    @Override
    public void close() {
        context.removeSparkListener(this);
    }
}
