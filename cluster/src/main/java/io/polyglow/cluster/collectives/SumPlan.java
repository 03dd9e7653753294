package io.polyglow.cluster.collectives;

import io.polyglow.trainer.parallel.SumTree;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link SumTree} flattened for one group size: every node that some rank hands over has a slot, in lane order; {@code into[i] += from[i]}, in
 * order of i, leaves the sum of all lanes in slot 0.
 */
final class SumPlan {
    /** First slot of each rank; {@code firstSlot[ranks]} is the number of slots. */
    final int[] firstSlot;

    /** Slots that receive an addend, in order. */
    final int[] into;

    /** Slots that are added, in order. */
    final int[] from;

    private final List<SumTree.Node> leaves = new ArrayList<>();
    private final List<int[]> adds = new ArrayList<>();

    SumPlan(SumTree tree, int ranks) {
        firstSlot = new int[ranks + 1];
        for (int rank = 0; rank < ranks; rank++) {
            leaves.addAll(tree.nodesOf(rank));
            firstSlot[rank + 1] = leaves.size();
        }
        add(tree.root());
        into = new int[adds.size()];
        from = new int[adds.size()];
        for (int i = 0; i < into.length; i++) {
            into[i] = adds.get(i)[0];
            from[i] = adds.get(i)[1];
        }
    }

    int slots() {
        return leaves.size();
    }

    int nodes(int rank) {
        return firstSlot[rank + 1] - firstSlot[rank];
    }

    private int add(SumTree.Node node) {
        int slot = leaves.indexOf(node);
        if (slot >= 0) {
            return slot;
        }
        int left = add(node.left());
        int right = add(node.right());
        adds.add(new int[] {left, right});
        return left;
    }
}
