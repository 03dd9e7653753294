package io.polyglow.cluster.rank;

import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Another thread of a rank; closing it interrupts it and returns when it has ended, so that the links can be closed after it. */
final class SecondThread implements AutoCloseable {
    /** What it does. */
    interface Body {
        void run() throws Exception;
    }

    private final FutureTask<Boolean> task;
    private final Thread thread;

    private SecondThread(Body body) {
        task = new FutureTask<>(() -> {
            body.run();
            return true;
        });
        thread = new Thread(task, "second");
    }

    static SecondThread start(Body body) {
        SecondThread second = new SecondThread(body);
        second.thread.start();
        return second;
    }

    void interrupt() {
        thread.interrupt();
    }

    /** Returns when it has ended well. */
    void succeed() throws Exception {
        task.get(60, TimeUnit.SECONDS);
    }

    /** What it ended with, once it has ended. */
    Throwable failure() {
        try {
            succeed();
        } catch (ExecutionException e) {
            return Objects.requireNonNull(e.getCause());
        } catch (Exception e) {
            throw new AssertionError("the second thread did not end", e);
        }
        throw new AssertionError("the second thread ended well");
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted before the second thread had ended", e);
        }
    }
}
