package io.polyglow.cluster.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.agrona.concurrent.NanoClock;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.Success$;
import org.apache.spark.TaskEndReason;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/**
 * What Spark tells about tasks: how many still run, and why they ended. The application runs nothing but ranks, so all tasks count. Written by Spark's listener thread, read by the driver's.
 */
final class TaskWatch extends SparkListener {
    /** A task that did not succeed. {@code kind} is {@code PEER_LOST} when an executor went away or Spark killed the task. */
    record Ended(int rank, ErrorKind kind, String message, boolean executorLost) {}

    private final Set<Long> running = new HashSet<>();
    private final List<Ended> ended = new ArrayList<>();

    @Override
    public synchronized void onExecutorAdded(SparkListenerExecutorAdded event) {
        notifyAll();
    }

    @Override
    public synchronized void onTaskStart(SparkListenerTaskStart event) {
        running.add(event.taskInfo().taskId());
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd event) {
        running.remove(event.taskInfo().taskId());
        if (event.reason() != Success$.MODULE$) {
            ended.add(ended(event.taskInfo().index(), event.taskInfo().host(), event.reason()));
        }
        notifyAll();
    }

    /** How many tasks run. */
    synchronized int running() {
        return running.size();
    }

    /** Forgets how earlier tasks ended. */
    synchronized void reset() {
        ended.clear();
    }

    /** The tasks that did not succeed since {@link #reset}, in order. */
    synchronized List<Ended> ended() {
        return List.copyOf(ended);
    }

    /** Waits until the condition holds, looking again at every event and every half second; false after {@code timeoutNs}. */
    synchronized boolean await(BooleanSupplier condition, NanoClock clock, long timeoutNs) throws InterruptedException {
        long deadline = clock.nanoTime() + timeoutNs;
        while (!condition.getAsBoolean()) {
            long leftMs = (deadline - clock.nanoTime()) / 1_000_000;
            if (leftMs <= 0) {
                return false;
            }
            wait(Math.min(leftMs, 500));
        }
        return true;
    }

    private static Ended ended(int rank, String host, TaskEndReason reason) {
        if (reason instanceof ExceptionFailure failure) {
            Throwable thrown =
                    failure.exception().isDefined() ? failure.exception().get() : null;
            return thrown instanceof PolyglowException known
                    ? new Ended(rank, known.kind(), known.getMessage(), false)
                    : new Ended(rank, ErrorKind.BUG, failure.className() + ": " + failure.description(), false);
        }
        String why = reason instanceof TaskFailedReason failed ? failed.toErrorString() : reason.toString();
        return new Ended(
                rank,
                ErrorKind.PEER_LOST,
                "rank " + rank + " on " + host + ": " + inOneLine(why),
                reason instanceof ExecutorLostFailure);
    }

    /** YARN's diagnostics have several. */
    private static String inOneLine(String why) {
        return why.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.equals("."))
                .collect(Collectors.joining(" "));
    }
}
