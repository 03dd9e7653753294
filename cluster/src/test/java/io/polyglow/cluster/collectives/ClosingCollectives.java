package io.polyglow.cluster.collectives;

import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.SumTree;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Collectives that take what lies under them along when they close. */
public record ClosingCollectives(Collectives inner, Runnable onClose) implements Collectives {
    @Override
    public int rank() {
        return inner.rank();
    }

    @Override
    public int size() {
        return inner.size();
    }

    @Override
    public void reduceScatter(DirectBuffer[] partials, SumTree tree, int[] offsets, MutableDirectBuffer out) {
        inner.reduceScatter(partials, tree, offsets, out);
    }

    @Override
    public void allGather(MutableDirectBuffer buffer, int[] byteOffsets) {
        inner.allGather(buffer, byteOffsets);
    }

    @Override
    public void broadcast(MutableDirectBuffer buffer, int length, int root) {
        inner.broadcast(buffer, length, root);
    }

    @Override
    public void barrier() {
        inner.barrier();
    }

    @Override
    public void close() {
        inner.close();
        onClose.run();
    }
}
