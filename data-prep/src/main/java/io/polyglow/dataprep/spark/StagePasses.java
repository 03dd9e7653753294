package io.polyglow.dataprep.spark;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.adaptive.AdaptiveSparkPlanExec;
import org.apache.spark.sql.execution.exchange.Exchange;
import org.jspecify.annotations.Nullable;
import scala.collection.JavaConverters;

/**
 * How far one of our stages is, from what Spark tells of its jobs. A stage has steps, told apart by the job description up to a colon; a step has passes, one
 * after the other: the jobs that run at the same time are one. Under adaptive execution each shuffle of a query is a pass, and the next one is planned when
 * it is over, so tasks are known of the pass at hand only.
 *
 * <p>Not thread-safe.
 */
final class StagePasses {
    /** Local property of Spark's jobs: how many passes their query takes, where that is known. */
    static final String AHEAD = "polyglow.passes";

    private static final String DESCRIPTION = "spark.job.description";
    private static final String DRIVER = "on the driver";

    private final String whole;
    private final int steps;
    private final Set<Integer> jobs = new HashSet<>();
    private final Map<Integer, StageInfo> listed = new HashMap<>();
    private final Set<Integer> submitted = new HashSet<>();
    private int tasksEnded;
    private String what = "";
    private int step;
    private int pass;
    private int lastPass;
    private @Nullable String ahead;

    /**
     * A stage before its first job.
     *
     * @param whole the job description of the stage itself; jobs with another one belong to a step that this names
     * @param steps how many steps there will be
     */
    StagePasses(String whole, int steps) {
        this.whole = whole;
        this.steps = steps;
    }

    /** The passes that a query will take, unless it is planned anew on the way: one, and one for each shuffle or broadcast that waits for another. */
    static int of(Dataset<Row> rows) {
        return 1 + exchanges(rows.queryExecution().executedPlan());
    }

    private static int exchanges(SparkPlan plan) {
        SparkPlan at = plan instanceof AdaptiveSparkPlanExec adaptive ? adaptive.initialPlan() : plan;
        int most = 0;
        for (SparkPlan child : JavaConverters.seqAsJavaList(at.children())) {
            most = Math.max(most, exchanges(child));
        }
        return at instanceof Exchange ? most + 1 : most;
    }

    /** A job of this stage starts. */
    void start(SparkListenerJobStart start) {
        String description = start.properties().getProperty(DESCRIPTION, whole);
        String name = description.equals(whole) ? "" : description.replaceFirst(":.*", "");
        if (step == 0 || !name.equals(what)) {
            step++;
            what = name;
            pass = 0;
            lastPass = 0;
            ahead = null;
        }
        if (jobs.isEmpty()) {
            listed.clear();
            submitted.clear();
            tasksEnded = 0;
            pass++;
        }
        expect(start.properties().getProperty(AHEAD));
        jobs.add(start.jobId());
        for (StageInfo stage : JavaConverters.seqAsJavaList(start.stageInfos())) {
            listed.putIfAbsent(stage.stageId(), stage);
        }
    }

    private void expect(@Nullable String passes) {
        if (passes != null && !passes.equals(ahead)) {
            lastPass = pass - 1 + Integer.parseInt(passes);
        }
        ahead = passes;
    }

    /** A Spark stage starts: those before it that did not have their results from an earlier job, and will not run. */
    void submitted(StageInfo stage) {
        if (listed.containsKey(stage.stageId())) {
            submitted.add(stage.stageId());
            passOver(stage);
        }
    }

    private void passOver(StageInfo stage) {
        for (Object parent : JavaConverters.seqAsJavaList(stage.parentIds())) {
            StageInfo before = submitted.contains(parent) ? null : listed.remove(parent);
            if (before != null) {
                passOver(before);
            }
        }
    }

    /** A task ended; whether that changes {@link #fraction}. */
    boolean ended(SparkListenerTaskEnd end) {
        boolean counts = listed.containsKey(end.stageId()) && end.taskInfo().successful();
        tasksEnded += counts ? 1 : 0;
        return counts;
    }

    /** A job ended; whether it was the last one running. */
    boolean end(SparkListenerJobEnd end) {
        return jobs.remove(end.jobId()) && jobs.isEmpty();
    }

    /** Of the tasks of the pass at hand. */
    double fraction() {
        int tasks = listed.values().stream().mapToInt(StageInfo::numTasks).sum();
        return (double) tasksEnded / Math.max(1, tasks);
    }

    /** What {@link #fraction} is of; empty when that is the whole stage. */
    String step() {
        StringBuilder text = new StringBuilder();
        if (steps > 1) {
            text.append("step ").append(step).append(step <= steps ? " of " + steps : "");
        }
        append(text, what);
        if (jobs.isEmpty()) {
            append(text, DRIVER);
        } else if (pass > 1 || lastPass != 1) {
            append(text, "pass " + pass + (pass <= lastPass ? " of " + lastPass : ""));
        }
        return text.toString();
    }

    private static void append(StringBuilder text, String part) {
        text.append(text.isEmpty() || part.isEmpty() ? "" : ", ").append(part);
    }
}
