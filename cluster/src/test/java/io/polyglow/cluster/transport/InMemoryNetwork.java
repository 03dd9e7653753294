package io.polyglow.cluster.transport;

import io.polyglow.cluster.wire.StreamKind;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * Transports between threads of one JVM, with faults on request: cut links, stalled ranks, frames that are late, frames with a flipped bit. What
 * is late and which bit flips follow from the seed and the order of frames on each flow, not from timing.
 */
public final class InMemoryNetwork {
    private record Flow(StreamKind stream, int from, int to) {}

    /** One direction of one stream between two ranks. */
    private final class Pipe {
        final OneToOneRingBuffer ring = new OneToOneRingBuffer(new UnsafeBuffer(ByteBuffer.allocateDirect(
                BitUtil.findNextPositivePowerOfTwo(16 * maxFrameBytes) + RingBufferDescriptor.TRAILER_LENGTH)));
        final SplittableRandom sender;
        final SplittableRandom receiver;
        int pollsToWait;

        Pipe(Flow flow) {
            sender = new SplittableRandom(seed ^ flow.hashCode());
            receiver = sender.split();
        }
    }

    private final int worldSize;
    private final int maxFrameBytes;
    private final long seed;
    private final Map<Flow, Pipe> pipes = new ConcurrentHashMap<>();
    private final Map<Flow, Boolean> cut = new ConcurrentHashMap<>();
    private final boolean[] closed;
    private final boolean[] stalled;
    private volatile double bitFlipProbability;
    private volatile int maxDelayPolls;

    public InMemoryNetwork(int worldSize, int maxFrameBytes, long seed) {
        this.worldSize = worldSize;
        this.maxFrameBytes = maxFrameBytes;
        this.seed = seed;
        this.closed = new boolean[worldSize];
        this.stalled = new boolean[worldSize];
    }

    /** Every frame after this may have one flipped bit. */
    public void flipBits(double probability) {
        bitFlipProbability = probability;
    }

    /** Every frame after this waits for up to so many polls. */
    public void delay(int polls) {
        maxDelayPolls = polls;
    }

    /** The two ranks lose each other, on all streams. */
    public void cut(int a, int b) {
        for (StreamKind stream : StreamKind.values()) {
            cut.put(new Flow(stream, a, b), true);
            cut.put(new Flow(stream, b, a), true);
        }
    }

    /** Nothing that the rank sends arrives until {@link #resume}; its links stay up. */
    public synchronized void stall(int rank) {
        stalled[rank] = true;
    }

    /** Undoes {@link #stall}. */
    public synchronized void resume(int rank) {
        stalled[rank] = false;
    }

    private synchronized boolean isStalled(int rank) {
        return stalled[rank];
    }

    private synchronized boolean isClosed(int rank) {
        return closed[rank];
    }

    private synchronized void close(int rank) {
        closed[rank] = true;
    }

    /** The transport of one rank. */
    public Transport transport(int rank) {
        return new Endpoint(rank);
    }

    private final class Endpoint implements Transport {
        private final int rank;

        Endpoint(int rank) {
            this.rank = rank;
        }

        private Pipe pipe(StreamKind stream, int from, int to) {
            return pipes.computeIfAbsent(new Flow(stream, from, to), Pipe::new);
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int worldSize() {
            return worldSize;
        }

        @Override
        public int maxFrameBytes(StreamKind stream) {
            return maxFrameBytes;
        }

        @Override
        public boolean offer(StreamKind stream, int peer, int length, FrameWriter writer) {
            if (state(stream, peer) != LinkState.UP) {
                return false;
            }
            Pipe pipe = pipe(stream, rank, peer);
            int index = pipe.ring.tryClaim(1, length);
            if (index < 0) {
                return false;
            }
            writer.write(pipe.ring.buffer(), index);
            if (pipe.sender.nextDouble() < bitFlipProbability) {
                int at = index + pipe.sender.nextInt(length);
                byte flipped = (byte) (pipe.ring.buffer().getByte(at) ^ (1 << pipe.sender.nextInt(8)));
                pipe.ring.buffer().putByte(at, flipped);
            }
            pipe.ring.commit(index);
            return true;
        }

        @Override
        public boolean poll(StreamKind stream, int peer, FrameHandler handler) {
            Pipe pipe = pipe(stream, peer, rank);
            if (isStalled(peer) || pipe.ring.size() == 0 || pipe.pollsToWait-- > 0) {
                return false;
            }
            pipe.pollsToWait = maxDelayPolls == 0 ? 0 : pipe.receiver.nextInt(maxDelayPolls);
            int read = 0;
            while (read == 0 && pipe.ring.size() > 0) {
                read = pipe.ring.read((type, buffer, index, length) -> handler.onFrame(buffer, index, length), 1);
            }
            return read > 0;
        }

        @Override
        public LinkState state(StreamKind stream, int peer) {
            boolean gone = cut.containsKey(new Flow(stream, peer, rank))
                    || (isClosed(peer) && pipe(stream, peer, rank).ring.size() == 0);
            return gone ? LinkState.LOST : LinkState.UP;
        }

        @Override
        public @Nullable Throwable failure() {
            return null;
        }

        @Override
        public String address(int peer) {
            return "memory:" + peer;
        }

        @Override
        public void close() {
            InMemoryNetwork.this.close(rank);
        }
    }
}
