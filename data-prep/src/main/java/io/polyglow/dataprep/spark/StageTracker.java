package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Runs a job's stages in order, each under its own Spark job group and description, tells a {@link ProgressListener} how far it is, and
 * turns Spark's exceptions into ours. How far a stage of several Spark jobs is nobody knows before the last of them; told is how far the {@link StagePasses pass}
 * at hand is.
 */
final class StageTracker extends SparkListener implements AutoCloseable {
    private static final String JOB_GROUP = "spark.jobGroup.id";
    private static final double NEARLY_ALL = 0.99;

    /** What a standalone master says after ten executors in a row. */
    private static final String GIVEN_UP = "Master removed our application: FAILED";

    private final SparkContext context;
    private final String job;
    private final int stages;
    private final ProgressListener listener;
    private Progress progress;
    private StagePasses passes = new StagePasses("", 1);

    /** Tracks {@code stages} calls of {@link #run} and {@link #skip}; {@code job} names the job in Spark's UI. */
    StageTracker(SparkSession spark, String job, int stages, ProgressListener listener) {
        this.context = spark.sparkContext();
        this.job = job;
        this.stages = stages;
        this.listener = listener;
        this.progress = new Progress(0, stages, "", 1);
        context.addSparkListener(this);
    }

    /** Runs the next stage, which is one step. */
    <T> T run(String name, Callable<T> work) {
        return run(name, 1, work);
    }

    /** Runs the next stage, which tells of each of its {@code steps} by Spark's job description, see {@link WorkTables#write}. */
    <T> T run(String name, int steps, Callable<T> work) {
        begin(name, steps);
        return named(name, () -> {
            T result = work.call();
            report("", 1);
            return result;
        });
    }

    /** Does something between stages whose Spark jobs should have a name too. */
    <T> T named(String what, Callable<T> work) {
        context.setJobGroup(group(), description(what), false);
        try {
            return work.call();
        } catch (Exception e) {
            throw failure(what, e);
        } finally {
            context.setLocalProperty(StagePasses.AHEAD, null);
            context.clearJobGroup();
        }
    }

    /** Goes back to the description of the stage, after those of its steps. */
    void describe(String name) {
        context.setJobDescription(description(name));
    }

    /** Says that the work that begins now takes so many passes of Spark over data, one after the other. */
    void expectPasses(int ahead) {
        context.setLocalProperty(StagePasses.AHEAD, Integer.toString(ahead));
    }

    /** Passes over the next stage, whose result is there already. */
    void skip(String name) {
        begin(name + " (unchanged)", 1);
        report("", 1);
    }

    /** Stops the Spark jobs of the stage at hand. */
    synchronized void cancel() {
        context.cancelJobGroup(group());
    }

    private synchronized void begin(String name, int steps) {
        passes = new StagePasses(description(name), steps);
        progress = new Progress(progress.stage() + 1, stages, name, 0);
        listener.progress(progress);
    }

    /** 1 is said by run and skip only. */
    private synchronized void report(String step, double fraction) {
        boolean anotherStep = !step.equals(progress.step());
        if (progress.fraction() < 1 && (anotherStep || fraction > progress.fraction())) {
            progress = new Progress(progress.stage(), stages, progress.name(), step, fraction);
            listener.progress(progress);
        }
    }

    private String group() {
        return job + " " + progress.stage() + " of " + stages + ", " + progress.name();
    }

    private String description(String name) {
        return job + ": " + name;
    }

    @Override
    public synchronized void onJobStart(SparkListenerJobStart start) {
        if (group().equals(start.properties().getProperty(JOB_GROUP))) {
            passes.start(start);
            report(passes.step(), 0);
        }
    }

    @Override
    public synchronized void onStageSubmitted(SparkListenerStageSubmitted submitted) {
        passes.submitted(submitted.stageInfo());
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        if (passes.ended(end)) {
            report(passes.step(), Math.min(NEARLY_ALL, passes.fraction()));
        }
    }

    @Override
    public synchronized void onJobEnd(SparkListenerJobEnd end) {
        if (passes.end(end)) {
            report(passes.step(), 0);
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
        String advice = (what.contains(GIVEN_UP)
                        ? ": its executors could not start, or ended one after another, and the workers' logs tell why. "
                        : ". Spark's log tells more. ")
                + "Nothing was published; run the same command again once the cause is gone.";
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
