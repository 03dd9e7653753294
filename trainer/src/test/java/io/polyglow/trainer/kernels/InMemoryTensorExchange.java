package io.polyglow.trainer.kernels;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/** Moves tensors between engines of one JVM that work on the host's memory. */
public final class InMemoryTensorExchange implements TensorExchange {
    private final List<List<BlockingQueue<byte[]>>> flows;
    private final int rank;
    private final Engine engine;
    private final long deadlineMs;
    private @Nullable PolyglowException failure;

    private InMemoryTensorExchange(List<List<BlockingQueue<byte[]>>> flows, int rank, Engine engine, long deadlineMs) {
        this.flows = flows;
        this.rank = rank;
        this.engine = engine;
        this.deadlineMs = deadlineMs;
    }

    /** The members of a new group, on these engines. */
    public static List<TensorExchange> open(List<Engine> engines, Duration deadline) {
        List<List<BlockingQueue<byte[]>>> flows = new ArrayList<>();
        for (int from = 0; from < engines.size(); from++) {
            List<BlockingQueue<byte[]>> ofRank = new ArrayList<>();
            engines.forEach(to -> ofRank.add(new LinkedBlockingQueue<>()));
            flows.add(ofRank);
        }
        List<TensorExchange> members = new ArrayList<>();
        for (int rank = 0; rank < engines.size(); rank++) {
            members.add(new InMemoryTensorExchange(flows, rank, engines.get(rank), deadline.toMillis()));
        }
        return members;
    }

    @Override
    public void exchange(Tensor[][] outgoing, Tensor[][] incoming) {
        await();
        for (int peer = 0; peer < flows.size(); peer++) {
            for (Tensor tensor : outgoing[peer]) {
                byte[] bytes = new byte[(int) tensor.bytes()];
                engine.read(tensor, new UnsafeBuffer(bytes), 0);
                flows.get(rank).get(peer).add(bytes);
            }
        }
        for (int peer = 0; peer < flows.size(); peer++) {
            for (Tensor tensor : incoming[peer]) {
                engine.write(tensor, new UnsafeBuffer(next(peer)), 0);
            }
        }
    }

    private byte[] next(int peer) {
        byte[] bytes = null;
        String reason = "the exchange with rank " + peer + " did not end in time";
        try {
            bytes = flows.get(peer).get(rank).poll(deadlineMs, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reason = "the exchange with rank " + peer + " was interrupted";
        }
        if (bytes == null) {
            failure = new PolyglowException(ErrorKind.PEER_LOST, reason);
            throw failure;
        }
        return bytes;
    }

    @Override
    public void await() {
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void close() {}
}
