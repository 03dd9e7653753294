package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.model.BackwardProgress;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;

/**
 * Adds the gradients of this replica's micro-batches along the {@link SumTree}. A lane accumulates into the buffer on top of a stack; when
 * both halves of a node are done, the upper buffer is added to the lower one and is free again, as in a binary counter. So the
 * stack never holds more than log2(lanes) + 1 buffers, and a single one when the replica has one lane. After the last micro-batch buffer i
 * holds node i of {@code tree.nodesOf(replica)}.
 *
 * <p>Whoever hears of the progress of a backward pass may add its final part at once, by {@link #finished}; additions are by element, so the pieces change no bit.
 */
public final class LaneSums implements BackwardProgress {
    private final Kernels kernels;
    private final int microBatchesPerLane;
    private final int[] mergesAfterLane;
    private final List<GradientSet> buffers;
    private int depth;
    private int done;
    /** Elements from here on have been added for the micro-batch that has begun. */
    private long added;

    /** Sums for one replica in {@code buffers}, as many as {@link #buffers} says. */
    public LaneSums(Kernels kernels, SumTree tree, int replica, int microBatchesPerLane, List<GradientSet> buffers) {
        this.kernels = kernels;
        this.microBatchesPerLane = microBatchesPerLane;
        this.mergesAfterLane = merges(tree, replica);
        this.buffers = List.copyOf(buffers);
    }

    /** How many buffers a replica needs. */
    public static int buffers(SumTree tree, int replica) {
        int most = 0;
        int live = 0;
        for (int merges : merges(tree, replica)) {
            live++;
            most = Math.max(most, live);
            live -= merges;
        }
        return most;
    }

    /** For each lane of the replica, how many nodes are complete when it ends, itself not counted. */
    private static int[] merges(SumTree tree, int replica) {
        int first = tree.firstLane(replica);
        int[] merges = new int[tree.firstLane(replica + 1) - first];
        for (SumTree.Node node : tree.nodesOf(replica)) {
            count(node, first, merges);
        }
        return merges;
    }

    private static void count(SumTree.Node node, int first, int[] merges) {
        if (!node.isLane()) {
            count(node.left(), first, merges);
            count(node.right(), first, merges);
            merges[node.hi() - 1 - first]++;
        }
    }

    /** Forgets the sums of the previous step. */
    public void reset() {
        depth = 0;
        done = 0;
    }

    /** Begins the backward pass of the next micro-batch: what it accumulates into, where the first of a lane begins a new sum. */
    public GradientSet begin() {
        boolean first = done % microBatchesPerLane == 0;
        depth += first ? 1 : 0;
        GradientSet sum = buffers.get(depth - 1);
        if (first) {
            sum.begin();
        }
        added = sum.flat().size();
        return sum;
    }

    /** Whether the micro-batch that has begun is the replica's last, whose final gradients are those of the step. */
    public boolean isLast() {
        return done == mergesAfterLane.length * microBatchesPerLane - 1;
    }

    /** Adds elements {@code [from, size)} of the nodes that the micro-batch completes, as far as that is not done yet. */
    @Override
    public void finished(long from) {
        if (from == added) {
            return;
        }
        for (int i = 1; i <= completedNodes(); i++) {
            Tensor into = buffers.get(depth - 1 - i).flat();
            Tensor upper = buffers.get(depth - i).flat();
            kernels.add(into.slice(from, added - from), upper.slice(from, added - from));
        }
        added = from;
    }

    /** How many nodes the micro-batch that has begun completes beside its lane. */
    private int completedNodes() {
        int end = done + 1;
        return end % microBatchesPerLane == 0 ? mergesAfterLane[end / microBatchesPerLane - 1] : 0;
    }

    /** Ends the backward pass of a micro-batch. */
    public void end() {
        finished(0);
        depth -= completedNodes();
        done++;
    }
}
