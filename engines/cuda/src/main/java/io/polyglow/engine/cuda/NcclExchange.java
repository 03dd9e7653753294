package io.polyglow.engine.cuda;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.engine.cuda.Nccl.Communicator;
import io.polyglow.engine.cuda.Nccl.Part;
import io.polyglow.trainer.kernels.TensorExchange;
import io.polyglow.trainer.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands tensors to other GPUs by {@link Nccl}, on the engine's stream. Every wait is a loop that looks for errors of the library, for an interrupt and at the clock, because a peer that is lost leaves
 * a kernel on the stream that waits forever. After a failure the communicator is aborted. NCCL may wait in that for the peers too, so it runs on a thread of its own; a stream that has
 * not come to its end some seconds later is given up with its device, and only the end of the process frees what is there.
 */
final class NcclExchange implements TensorExchange {
    /** How long one wait may last, and how long an abort. The ranks have met on the host just before. */
    record Limits(Duration each, Duration abort) {
        static final Limits DEFAULT = new Limits(Duration.ofMinutes(2), Duration.ofSeconds(10));
    }

    private static final Logger LOG = LoggerFactory.getLogger(NcclExchange.class);

    private final Device device;
    private final String group;
    private final Limits limits;
    private final NanoClock clock;
    private final IdleStrategy idle =
            new BackoffIdleStrategy(10, 10, TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MICROSECONDS.toNanos(100));
    private final List<Part> sent = new ArrayList<>();
    private final List<Part> received = new ArrayList<>();
    private @Nullable Communicator communicator;
    private @Nullable PolyglowException failure;

    /** Joins the group of {@code size} ranks; returns when all have. */
    NcclExchange(Device device, Nccl nccl, byte[] id, int rank, int size, Limits limits, NanoClock clock) {
        this.device = device;
        this.group = "replica " + rank + " of " + size + " on this host";
        this.limits = limits;
        this.clock = clock;
        run("joining the group", () -> communicator = nccl.join(id, rank, size));
    }

    @Override
    public void exchange(Tensor[][] outgoing, Tensor[][] incoming) {
        sent.clear();
        received.clear();
        for (int peer = 0; peer < outgoing.length; peer++) {
            collect(outgoing[peer], peer, sent);
            collect(incoming[peer], peer, received);
        }
        if (!sent.isEmpty() || !received.isEmpty()) {
            run("an exchange", () -> open().move(sent, received));
        }
    }

    private static void collect(Tensor[] tensors, int peer, List<Part> parts) {
        for (Tensor tensor : tensors) {
            parts.add(new Part(CudaArena.address(tensor), tensor.bytes(), peer));
        }
    }

    private Communicator open() {
        if (failure != null) {
            throw failure;
        }
        if (communicator == null) {
            throw new IllegalStateException("the group has been left");
        }
        return communicator;
    }

    /** Makes a call that does not wait, and waits until it is through. */
    private void run(String what, Runnable call) {
        try {
            call.run();
            waitWhile(() -> open().busy(), what);
        } catch (PolyglowException e) {
            throw fail(e, what);
        }
    }

    @Override
    public void await() {
        Communicator member = open();
        try {
            // asked for errors only: a lost peer leaves the stream as it is
            waitWhile(() -> member.busy() || !device.done(), "the copies of an exchange");
        } catch (PolyglowException e) {
            throw fail(e, "the copies of an exchange");
        }
    }

    private void waitWhile(BooleanSupplier busy, String what) {
        long begin = clock.nanoTime();
        idle.reset();
        while (busy.getAsBoolean()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new PolyglowException(ErrorKind.PEER_LOST, "stopped from outside, as the attempt had ended");
            }
            if (clock.nanoTime() - begin > limits.each.toNanos()) {
                throw new PolyglowException(
                        ErrorKind.PEER_LOST,
                        what + " did not end within " + limits.each.toMillis()
                                + " ms; another replica's process or GPU is lost or stuck");
            }
            idle.idle();
        }
    }

    /** Ends the group; what is thrown from now on. */
    private PolyglowException fail(PolyglowException cause, String what) {
        if (failure == null) {
            failure = new PolyglowException(
                    cause.kind(),
                    "NCCL, " + group + ", in " + what + ": " + cause.getMessage()
                            + ". Resume from the last checkpoint; NCCL_DEBUG=WARN in the environment of the ranks tells more, and -D"
                            + NvidiaNccl.PROPERTY + "=false passes gradients through the host instead.",
                    cause);
            abort();
        }
        return failure;
    }

    private void abort() {
        Communicator member = communicator;
        communicator = null;
        if (member == null) {
            return;
        }
        Thread aborting = new Thread(member::abort, "nccl-abort");
        aborting.setDaemon(true);
        aborting.start();
        if (!ends(() -> !aborting.isAlive() && device.done())) {
            LOG.warn("{}: the work on {} has no end; its memory is free when the process ends", group, device.place());
            device.abandon();
        }
    }

    /** Whether it is done before an abort's time has passed; not ended by an interrupt, which may be why there is an abort. */
    private boolean ends(BooleanSupplier done) {
        long begin = clock.nanoTime();
        idle.reset();
        try {
            while (!done.getAsBoolean()) {
                if (clock.nanoTime() - begin > limits.abort.toNanos()) {
                    return false;
                }
                idle.idle();
            }
            return true;
        } catch (PolyglowException e) { // the device reports the failed work
            return false;
        }
    }

    /** Leaves in peace, for which all others must do so too; where they do not, or something is not done, by an abort. */
    @Override
    public void close() {
        Communicator member = communicator;
        if (member == null) {
            return;
        }
        try {
            member.finish();
            if (ends(() -> !member.busy() && device.done())) {
                communicator = null;
                member.free();
                return;
            }
        } catch (PolyglowException e) {
            LOG.warn("{}: {}", group, e.getMessage());
        }
        abort();
    }
}
