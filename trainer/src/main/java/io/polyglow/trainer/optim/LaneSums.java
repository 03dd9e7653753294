package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.Tensor;

/**
 * Adds the gradients of this replica's micro-batches along the {@link SumTree}. A lane accumulates into the buffer on top of a stack; when
 * both halves of a node are done, the upper buffer is added to the lower one and is free again, as in a binary counter. So the
 * stack never holds more than log2(lanes) + 1 buffers, and a single one when the replica has one lane. After the last micro-batch buffer i
 * holds node i of {@code tree.nodesOf(replica)}.
 */
public final class LaneSums {
    private final Kernels kernels;
    private final int microBatchesPerLane;
    private final int[] mergesAfterLane;
    private final Tensor[] buffers;
    private int depth;
    private int done;

    /** Sums for one replica; {@code buffers} are flat, all of one size, as many as {@link #buffers} says. */
    public LaneSums(Kernels kernels, SumTree tree, int replica, int microBatchesPerLane, Tensor[] buffers) {
        this.kernels = kernels;
        this.microBatchesPerLane = microBatchesPerLane;
        this.mergesAfterLane = merges(tree, replica);
        this.buffers = buffers.clone();
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

    /** Begins the backward pass of the next micro-batch: the number of the buffer that it accumulates into. */
    public int begin() {
        if (done % microBatchesPerLane == 0) {
            depth++;
        }
        return depth - 1;
    }

    /** Whether that micro-batch is the first of its lane, whose buffer then starts a new sum. */
    public boolean startsSum() {
        return done % microBatchesPerLane == 0;
    }

    /** Ends the backward pass of a micro-batch. */
    public void end() {
        done++;
        if (done % microBatchesPerLane == 0) {
            for (int i = mergesAfterLane[done / microBatchesPerLane - 1]; i > 0; i--) {
                depth--;
                kernels.add(buffers[depth - 1], buffers[depth]);
            }
        }
    }
}
