package io.polyglow.trainer.parallel;

import java.util.ArrayList;
import java.util.List;

/**
 * A {@link SumTree} flattened for whoever adds: every node that some rank hands over has a slot, in lane order; {@code slot[into(i)] += slot[from(i)]}, in
 * order of i, leaves the sum of all lanes in slot 0.
 */
public final class SumPlan {
    private final int[] firstSlot;
    private final List<SumTree.Node> leaves = new ArrayList<>();
    private final List<int[]> adds = new ArrayList<>();

    /** The plan of a tree for a group of {@code ranks}. */
    public SumPlan(SumTree tree, int ranks) {
        firstSlot = new int[ranks + 1];
        for (int rank = 0; rank < ranks; rank++) {
            leaves.addAll(tree.nodesOf(rank));
            firstSlot[rank + 1] = leaves.size();
        }
        add(tree.root());
    }

    /** Ranks of the group. */
    public int ranks() {
        return firstSlot.length - 1;
    }

    /** Nodes that all ranks together hand over. */
    public int slots() {
        return leaves.size();
    }

    /** Nodes that a rank hands over. */
    public int nodes(int rank) {
        return firstSlot[rank + 1] - firstSlot[rank];
    }

    /** The slot of a rank's first node; those of its others follow. */
    public int firstSlot(int rank) {
        return firstSlot[rank];
    }

    /** Number of additions. */
    public int adds() {
        return adds.size();
    }

    /** The slot that addition {@code i} changes. */
    public int into(int i) {
        return adds.get(i)[0];
    }

    /** The slot that addition {@code i} adds. */
    public int from(int i) {
        return adds.get(i)[1];
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
