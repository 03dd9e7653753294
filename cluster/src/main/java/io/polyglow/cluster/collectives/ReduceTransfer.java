package io.polyglow.cluster.collectives;

import io.polyglow.trainer.parallel.SumPlan;
import io.polyglow.trainer.parallel.SumTree;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Everybody sends every owner the owner's slice of each of its tree nodes; the owner adds them in tree order. A slice is cut into
 * segments of S floats, one frame each; a stream holds segment 0 of every node, then segment 1, and so on, so the owner
 * keeps one segment per node and lets later ones wait in the transport.
 *
 * <p>Legend: S floats of a full segment; k the segment being summed; n nodes of one rank; L floats of one slice.
 */
final class ReduceTransfer implements Transfer {
    private final int self;
    private final int S;
    private @Nullable SumTree planned;
    private SumPlan plan;
    private float[][] slots = new float[0][];
    private DirectBuffer[] partials = new DirectBuffer[0];
    private int[] offsets = new int[0];
    private MutableDirectBuffer out = new UnsafeBuffer(new byte[0]);
    private int k;

    ReduceTransfer(int self, int ranks, int segmentFloats) {
        this.self = self;
        this.S = segmentFloats;
        this.plan = new SumPlan(new SumTree(ranks, ranks), ranks);
    }

    ReduceTransfer of(DirectBuffer[] newPartials, SumTree tree, int[] newOffsets, MutableDirectBuffer newOut) {
        if (tree != planned) {
            replan(tree);
        }
        partials = newPartials;
        offsets = newOffsets;
        out = newOut;
        k = 0;
        return this;
    }

    private void replan(SumTree tree) {
        plan = new SumPlan(tree, plan.ranks());
        planned = tree;
        if (slots.length < plan.slots()) {
            slots = new float[plan.slots()][S];
        }
    }

    /** How many partials this rank must hand over. */
    int partials() {
        return plan.nodes(self);
    }

    private int slice(int rank) {
        return offsets[rank + 1] - offsets[rank];
    }

    /** Floats of a segment of a slice of L floats. */
    private int segment(int index, int L) {
        return Math.max(0, Math.min(S, L - index * S));
    }

    private int segmentOf(long streamOffset, int n) {
        return (int) (streamOffset / ((long) n * S * Float.BYTES));
    }

    private int nodeOf(long streamOffset, int n, int L) {
        int index = segmentOf(streamOffset, n);
        long within = streamOffset - (long) index * n * S * Float.BYTES;
        return (int) (within / ((long) segment(index, L) * Float.BYTES));
    }

    @Override
    public long sendTotal(int peer) {
        return (long) partials() * slice(peer) * Float.BYTES;
    }

    @Override
    public int sendLength(int peer, long offset, int max) {
        return segment(segmentOf(offset, partials()), slice(peer)) * Float.BYTES;
    }

    @Override
    public void copyOut(int peer, long offset, MutableDirectBuffer to, int index, int length) {
        int from = offsets[peer] + segmentOf(offset, partials()) * S;
        to.putBytes(index, partials[nodeOf(offset, partials(), slice(peer))], from * Float.BYTES, length);
    }

    @Override
    public long receiveTotal(int peer) {
        return (long) plan.nodes(peer) * slice(self) * Float.BYTES;
    }

    @Override
    public int receiveLength(int peer, long offset, int max) {
        return segment(segmentOf(offset, plan.nodes(peer)), slice(self)) * Float.BYTES;
    }

    @Override
    public boolean hasRoom(int peer, long received) {
        return received < endOfSegment(peer) || receiveTotal(peer) == 0;
    }

    /** Bytes that a peer will have delivered when segment k is complete. */
    private long endOfSegment(int peer) {
        return (long) plan.nodes(peer) * Math.min((long) (k + 1) * S, slice(self)) * Float.BYTES;
    }

    @Override
    public void copyIn(int peer, long offset, DirectBuffer from, int index, int length) {
        int node = nodeOf(offset, plan.nodes(peer), slice(self));
        Floats.load(from, index, slots[plan.firstSlot(peer) + node], length / Float.BYTES);
    }

    @Override
    public boolean advance(long[] received) {
        if (complete() || !segmentArrived(received)) {
            return false;
        }
        int length = segment(k, slice(self));
        for (int node = 0; node < partials(); node++) {
            int from = offsets[self] + k * S;
            Floats.load(partials[node], from * Float.BYTES, slots[plan.firstSlot(self) + node], length);
        }
        for (int i = 0; i < plan.adds(); i++) {
            Floats.add(slots[plan.into(i)], slots[plan.from(i)], length);
        }
        Floats.store(slots[0], out, k * S * Float.BYTES, length);
        k++;
        return true;
    }

    private boolean segmentArrived(long[] received) {
        for (int peer = 0; peer < received.length; peer++) {
            if (peer != self && received[peer] < endOfSegment(peer)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean complete() {
        return (long) k * S >= slice(self);
    }
}
