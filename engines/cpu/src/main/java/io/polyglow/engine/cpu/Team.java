package io.polyglow.engine.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The engine's threads: the caller and {@code threads - 1} workers. A job is a number of tasks fixed by the shapes, never by the
 * number of threads; whoever is free takes the next one, so tasks must write to places of their own. Waiting threads spin for some
 * microseconds, then park, because ranks may share a host. With one thread everything runs inline.
 */
final class Team implements AutoCloseable {
    /** One piece of a job. */
    interface Task {
        void run(int index, Lane lane);
    }

    /** One piece of a job that splits a range: elements or rows {@code [from, to)}. */
    interface Range {
        void run(long from, long to, Lane lane);
    }

    private static final int SPINS = 2_000;

    private final Lane[] lanes;
    private final Worker[] workers;
    private final Job job = new Job();
    private final Pieces pieces = new Pieces();
    private final Scratch scratch = new Scratch();
    private volatile boolean closed;

    Team(int threads) {
        lanes = new Lane[threads];
        for (int i = 0; i < threads; i++) {
            lanes[i] = new Lane();
        }
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].start();
        }
    }

    int threads() {
        return lanes.length;
    }

    /** The lane of the calling thread. */
    Lane caller() {
        return lanes[0];
    }

    /** Runs tasks {@code 0 ... tasks - 1} and returns when all are done. */
    void run(int tasks, Task task) {
        if (workers.length == 0 || tasks <= 1) {
            for (int i = 0; i < tasks; i++) {
                task.run(i, lanes[0]);
            }
            return;
        }
        job.begin(task, tasks);
        for (int i = 0; i < Math.min(workers.length, tasks - 1); i++) {
            workers[i].wake();
        }
        job.work(lanes[0]);
        job.await();
    }

    /** Runs {@code [0, count)} in pieces of {@code piece}, which must follow from the shapes. */
    void ranges(long count, long piece, Range range) {
        run(pieces(count, piece), pieces.of(count, piece, range));
    }

    /** How many pieces {@link #ranges} makes. */
    static int pieces(long count, long piece) {
        return Math.toIntExact((count + piece - 1) / piece);
    }

    /** Working memory of one call, shared by its tasks; what it holds is undefined. */
    Memory scratch(long bytes) {
        return scratch.atLeast(bytes);
    }

    /** Working memory that all lanes and calls have asked for so far; between calls. */
    long scratchBytes() {
        long bytes = scratch.bytes();
        for (Lane lane : lanes) {
            bytes += lane.scratchBytes();
        }
        return bytes;
    }

    /** What products have run on all lanes: work counted, not timed. */
    record Work(long products, long operations) {
        Work since(Work before) {
            return new Work(products - before.products, operations - before.operations);
        }
    }

    /** The work so far; between calls. */
    Work work() {
        long products = 0;
        long operations = 0;
        for (Lane lane : lanes) {
            products += lane.products();
            operations += lane.operations();
        }
        return new Work(products, operations);
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
            interrupted |= joined(worker);
        }
        for (Lane lane : lanes) {
            lane.close();
        }
        scratch.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for the end of a worker, whose current task is short; returns whether the wait was interrupted. */
    private static boolean joined(Worker worker) {
        boolean interrupted = false;
        while (worker.isAlive()) {
            try {
                worker.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    private final class Worker extends Thread {
        private final Lane lane;
        private volatile boolean parked;

        Worker(int index) {
            super("cpu-engine-" + index);
            this.lane = lanes[index];
            setDaemon(true);
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            while (!closed) {
                job.work(lane);
                awaitWork();
            }
        }

        private void awaitWork() {
            for (int spin = 0; spin < SPINS && !job.hasWork() && !closed; spin++) {
                Thread.onSpinWait();
            }
            parked = true;
            while (!job.hasWork() && !closed) {
                LockSupport.park(Team.this);
            }
            parked = false;
        }
    }

    /** Tasks that are the pieces of a range. */
    private static final class Pieces implements Task {
        private long count;
        private long piece;
        private Range range = (from, to, lane) -> {};

        Pieces of(long newCount, long newPiece, Range newRange) {
            count = newCount;
            piece = newPiece;
            range = newRange;
            return this;
        }

        @Override
        public void run(int index, Lane lane) {
            range.run(index * piece, Math.min(count, (index + 1) * piece), lane);
        }
    }

    /**
     * The present call of {@link #run}, one object for all calls. {@code tickets} counts down the tasks that nobody has taken; a count of calls in its
     * upper half keeps a worker that comes late from taking a ticket of another call than it saw. Whoever holds a ticket keeps the call from
     * ending, so what {@link #begin} wrote before it stands.
     */
    private static final class Job {
        private static final long ONE_CALL = 1L << 32;

        private final AtomicLong tickets = new AtomicLong();
        private final AtomicInteger left = new AtomicInteger();
        private Task task = (index, lane) -> {};
        private int tasks;
        private Thread caller = Thread.currentThread();
        private volatile boolean callerParked;
        private volatile @Nullable Throwable failure;

        void begin(Task newTask, int newTasks) {
            task = newTask;
            tasks = newTasks;
            caller = Thread.currentThread();
            callerParked = false;
            failure = null;
            left.set(newTasks);
            tickets.set((tickets.get() & -ONE_CALL) + ONE_CALL + newTasks);
        }

        boolean hasWork() {
            return (int) tickets.get() > 0;
        }

        void work(Lane lane) {
            for (long ticket = tickets.get(); (int) ticket > 0; ticket = tickets.get()) {
                if (tickets.compareAndSet(ticket, ticket - 1)) {
                    Thread waiting = caller;
                    run(tasks - (int) ticket, lane);
                    if (left.decrementAndGet() == 0 && callerParked) {
                        LockSupport.unpark(waiting);
                    }
                }
            }
        }

        private void run(int index, Lane lane) {
            try {
                task.run(index, lane);
            } catch (Throwable e) {
                failure = e;
            }
        }

        void await() {
            for (int spin = 0; spin < SPINS && left.get() > 0; spin++) {
                Thread.onSpinWait();
            }
            callerParked = true;
            boolean interrupted = false;
            while (left.get() > 0) {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            rethrow(failure);
        }

        private static void rethrow(@Nullable Throwable failure) {
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure instanceof RuntimeException exception) {
                throw exception;
            }
        }
    }
}
