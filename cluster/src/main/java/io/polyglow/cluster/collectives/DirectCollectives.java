package io.polyglow.cluster.collectives;

import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.wire.Operation;
import io.polyglow.cluster.wire.PayloadType;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.SumTree;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Collectives in which every pair of a group exchanges directly, each byte once: the volume of a ring (Patarasuk and Yuan 2009), in one
 * hop, and with sums in the order of the {@link SumTree} instead of the ring's. Memory: one frame's floats per tree node that the
 * group hands over, allocated on the first use of a tree. One thread at a time for a group; groups of
 * one session may run on different threads.
 */
public final class DirectCollectives implements Collectives {
    private final Session session;
    private final int rank;
    private final int size;
    private final GatherTransfer gather;
    private final ReduceTransfer reduce;
    private final Exchange exchange;
    private final int[] byteOffsets;
    private final MutableDirectBuffer nothing = new UnsafeBuffer(new byte[0]);

    /** The group of {@code members} (world ranks, ascending), which must contain this rank, on its own stream. */
    public DirectCollectives(Session session, StreamKind stream, int[] members) {
        this.session = session;
        this.rank = Arrays.binarySearch(members, session.transport().rank());
        this.size = members.length;
        this.gather = new GatherTransfer(rank);
        this.reduce = new ReduceTransfer(rank, size, Exchange.maxPayload(session.transport(), stream) / Float.BYTES);
        this.byteOffsets = new int[size + 1];
        this.exchange = new Exchange(session, stream, members, rank, gather);
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void reduceScatter(DirectBuffer[] partials, SumTree tree, int[] offsets, MutableDirectBuffer out) {
        checkOffsets(offsets);
        reduce.of(partials, tree, offsets, out);
        if (partials.length != reduce.partials()) {
            throw bug("reduceScatter got " + partials.length + " partials, but the tree of width " + tree.width()
                    + " wants " + reduce.partials() + " from this rank");
        }
        for (DirectBuffer partial : partials) {
            checkCapacity(partial, (long) offsets[size] * Float.BYTES);
        }
        checkCapacity(out, (long) (offsets[rank + 1] - offsets[rank]) * Float.BYTES);
        long bytes = (long) offsets[size] * Float.BYTES * partials.length;
        exchange.run(Operation.REDUCE_SCATTER, PayloadType.F32, tree.width(), bytes, reduce);
    }

    @Override
    public void allGather(MutableDirectBuffer buffer, int[] offsets) {
        checkOffsets(offsets);
        checkCapacity(buffer, offsets[size]);
        exchange.run(Operation.ALL_GATHER, PayloadType.BYTES, 0, offsets[size], gather.of(buffer, offsets));
    }

    @Override
    public void broadcast(MutableDirectBuffer buffer, int length, int root) {
        if (root < 0 || root >= size || length < 0) {
            throw bug("cannot broadcast " + length + " bytes from root " + root + " in a group of " + size);
        }
        checkCapacity(buffer, length);
        // The gather of a buffer in which only the root has a share; the others' empty frames still check that all
        // agree.
        Arrays.fill(byteOffsets, 0, root + 1, 0);
        Arrays.fill(byteOffsets, root + 1, size + 1, length);
        exchange.run(Operation.BROADCAST, PayloadType.BYTES, root, length, gather.of(buffer, byteOffsets));
    }

    @Override
    public void barrier() {
        Arrays.fill(byteOffsets, 0);
        exchange.run(Operation.BARRIER, PayloadType.BYTES, 0, 0, gather.of(nothing, byteOffsets));
    }

    private void checkOffsets(int[] offsets) {
        boolean valid = offsets.length == size + 1 && offsets[0] == 0;
        for (int i = 0; valid && i < size; i++) {
            valid = offsets[i] <= offsets[i + 1];
        }
        if (!valid) {
            throw bug("offsets " + Arrays.toString(offsets) + " must be " + (size + 1)
                    + " ascending numbers from 0, one slice for each of " + size + " ranks");
        }
    }

    private void checkCapacity(DirectBuffer buffer, long bytes) {
        if (buffer.capacity() < bytes) {
            throw bug("a buffer of " + buffer.capacity() + " bytes is too small for " + bytes);
        }
    }

    private PolyglowException bug(String what) {
        return session.fail(ErrorKind.BUG, what);
    }

    /** Nothing of its own to release: the transport belongs to the session's owner. */
    @Override
    public void close() {}
}
