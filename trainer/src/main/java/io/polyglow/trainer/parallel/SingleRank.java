package io.polyglow.trainer.parallel;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** The group of one rank: every operation is done before it begins. */
final class SingleRank implements Collectives {
    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void reduceScatter(DirectBuffer[] partials, SumTree tree, int[] offsets, MutableDirectBuffer out) {
        out.putBytes(0, partials[0], 0, offsets[1] * Float.BYTES);
    }

    @Override
    public void allGather(MutableDirectBuffer buffer, int[] byteOffsets) {}

    @Override
    public void broadcast(MutableDirectBuffer buffer, int length, int root) {}

    @Override
    public void barrier() {}

    @Override
    public void close() {}
}
