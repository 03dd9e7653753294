package io.polyglow.trainer.parallel;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/** Collectives between threads of one JVM: each operation is two meetings around reads of the other members' buffers. */
public final class InMemoryCollectives implements Collectives {
    private record Call(
            String operation, List<Integer> sizes, @Nullable DirectBuffer buffer, List<DirectBuffer> partials) {}

    /** Where the members of one group meet. */
    private static final class Group {
        final String name;
        final Call[] calls;
        final long deadlineNs;
        int arrived;
        long meeting;

        @Nullable
        String broken;

        Group(String name, int size, Duration deadline) {
            this.name = name;
            this.calls = new Call[size];
            this.deadlineNs = deadline.toNanos();
        }

        synchronized void meet(int rank, String what) {
            failIfBroken(what);
            long mine = meeting;
            if (++arrived == calls.length) {
                arrived = 0;
                meeting++;
                notifyAll();
                return;
            }
            Deadline deadline = new Deadline(deadlineNs);
            while (meeting == mine) {
                failIfBroken(what);
                if (!deadline.await(this)) {
                    throw fail(
                            rank,
                            what + ": the deadline of " + deadlineNs / 1_000_000 + " ms passed waiting for "
                                    + (calls.length - arrived) + " of " + calls.length + " ranks of group " + name);
                }
            }
        }

        synchronized PolyglowException fail(int rank, String why) {
            if (broken == null) {
                broken = "rank " + rank + " of group " + name + " left: " + why;
                notifyAll();
            }
            return new PolyglowException(ErrorKind.PEER_LOST, why);
        }

        private void failIfBroken(String what) {
            if (broken != null) {
                throw new PolyglowException(ErrorKind.PEER_LOST, what + " cannot finish: " + broken);
            }
        }
    }

    private final Group group;
    private final int rank;
    private long sequence;

    private InMemoryCollectives(Group group, int rank) {
        this.group = group;
        this.rank = rank;
    }

    /** The members of a new group, one for each rank. */
    public static List<Collectives> open(String name, int size, Duration deadline) {
        Group group = new Group(name, size, deadline);
        List<Collectives> members = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            members.add(new InMemoryCollectives(group, rank));
        }
        return members;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return group.calls.length;
    }

    @Override
    public void reduceScatter(DirectBuffer[] partials, SumTree tree, int[] offsets, MutableDirectBuffer out) {
        run(new Call("reduceScatter", sizes(offsets), null, List.of(partials)), () -> {
            for (int i = offsets[rank]; i < offsets[rank + 1]; i++) {
                out.putFloat((i - offsets[rank]) * Float.BYTES, sum(tree, tree.root(), i), ByteOrder.LITTLE_ENDIAN);
            }
        });
    }

    private float sum(SumTree tree, SumTree.Node node, int index) {
        int owner = node.lo() * size() / tree.width();
        int part = tree.nodesOf(owner).indexOf(node);
        return part < 0
                ? sum(tree, node.left(), index) + sum(tree, node.right(), index)
                : group.calls[owner].partials().get(part).getFloat(index * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void allGather(MutableDirectBuffer buffer, int[] byteOffsets) {
        run(new Call("allGather", sizes(byteOffsets), buffer, List.of()), () -> {
            for (int r = 0; r < size(); r++) {
                int length = byteOffsets[r + 1] - byteOffsets[r];
                if (r != rank && length > 0) {
                    buffer.putBytes(byteOffsets[r], bufferOf(r), byteOffsets[r], length);
                }
            }
        });
    }

    @Override
    public void broadcast(MutableDirectBuffer buffer, int length, int root) {
        run(new Call("broadcast", List.of(length, root), buffer, List.of()), () -> {
            if (rank != root) {
                buffer.putBytes(0, bufferOf(root), 0, length);
            }
        });
    }

    @Override
    public void barrier() {
        run(new Call("barrier", List.of(), null, List.of()), () -> {});
    }

    private static List<Integer> sizes(int[] sizes) {
        return Arrays.stream(sizes).boxed().toList();
    }

    private DirectBuffer bufferOf(int r) {
        return Objects.requireNonNull(group.calls[r].buffer());
    }

    private void run(Call call, Runnable body) {
        String what = call.operation() + " number " + sequence++ + " of rank " + rank;
        group.calls[rank] = call;
        group.meet(rank, what);
        for (int r = 0; r < size(); r++) {
            Call other = group.calls[r];
            if (!call.operation().equals(other.operation()) || !call.sizes().equals(other.sizes())) {
                throw mismatch(what, call, r, other);
            }
        }
        body.run();
        group.meet(rank, what);
    }

    private PolyglowException mismatch(String what, Call mine, int r, Call other) {
        String message = what + " with sizes " + mine.sizes() + " met " + other.operation() + " with sizes "
                + other.sizes() + " of rank " + r;
        group.fail(rank, message);
        return new PolyglowException(ErrorKind.BUG, message);
    }

    @Override
    public void close() {
        group.fail(rank, "it closed");
    }
}
