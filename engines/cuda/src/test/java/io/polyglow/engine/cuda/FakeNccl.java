package io.polyglow.engine.cuda;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes between fake devices of one JVM. What is sent is copied at once, when the device has done what was queued before, and a call is through when all that it receives
 * has come.
 */
final class FakeNccl implements Nccl {
    /** Device memory as a test sees it. */
    interface Memory {
        /** Does what was queued before. */
        void settle();

        byte[] peek(long address, int bytes);

        void poke(long address, byte[] bytes);
    }

    private record Flow(String group, int from, int to) {}

    private static final AtomicInteger GROUPS = new AtomicInteger();
    private static final Map<Flow, Queue<byte[]>> FLOWS = new ConcurrentHashMap<>();
    private static final Map<String, AtomicInteger> JOINED = new ConcurrentHashMap<>();

    /** Why it is not there, or null. */
    @Nullable
    String missing;

    int version = 2_29_03;
    boolean abortHangs;
    /** What {@link Communicator#busy} reports, or null. */
    @Nullable
    volatile String error;

    final AtomicInteger aborts = new AtomicInteger();
    final AtomicInteger moves = new AtomicInteger();
    int freed;
    private final Memory memory;

    FakeNccl(Memory memory) {
        this.memory = memory;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.ofNullable(missing);
    }

    @Override
    public int version() {
        return version;
    }

    @Override
    public byte[] newId() {
        return Arrays.copyOf(("group " + GROUPS.incrementAndGet()).getBytes(StandardCharsets.UTF_8), ID_BYTES);
    }

    @Override
    public Communicator join(byte[] id, int rank, int size) {
        String group = new String(id, StandardCharsets.UTF_8).strip();
        AtomicInteger joined = JOINED.computeIfAbsent(group, key -> new AtomicInteger());
        joined.incrementAndGet();
        return new Member(group, joined, rank, size);
    }

    private final class Member implements Communicator {
        private final String group;
        private final AtomicInteger joined;
        private final int rank;
        private final int size;
        private final List<Part> expected = new ArrayList<>();

        Member(String group, AtomicInteger joined, int rank, int size) {
            this.group = group;
            this.joined = joined;
            this.rank = rank;
            this.size = size;
        }

        private Queue<byte[]> flow(int from, int to) {
            return FLOWS.computeIfAbsent(new Flow(group, from, to), key -> new ConcurrentLinkedQueue<>());
        }

        @Override
        public boolean busy() {
            String reported = error;
            if (reported != null) {
                throw new PolyglowException(ErrorKind.ENVIRONMENT, reported);
            }
            if (joined.get() < size) {
                return true;
            }
            List<Part> arrived = new ArrayList<>();
            for (Part part : expected) {
                byte[] bytes = flow(part.peer(), rank).poll();
                if (bytes == null) {
                    break;
                }
                if (bytes.length != part.bytes()) {
                    throw new AssertionError(part + " got " + bytes.length + " bytes");
                }
                memory.poke(part.address(), bytes);
                arrived.add(part);
            }
            expected.removeAll(arrived);
            return !expected.isEmpty();
        }

        @Override
        public void move(List<Part> sent, List<Part> received) {
            moves.incrementAndGet();
            memory.settle();
            for (Part part : sent) {
                flow(rank, part.peer()).add(memory.peek(part.address(), (int) part.bytes()));
            }
            expected.addAll(received);
        }

        @Override
        public void finish() {}

        @Override
        public void free() {
            freed++;
        }

        @Override
        public void abort() {
            aborts.incrementAndGet();
            if (abortHangs) {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }
}
