package io.polyglow.trainer.parallel;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.List;

/**
 * The one order in which gradients are added, whatever the layout. The global batch of M micro-batches is cut into {@code width}
 * lanes of M / width consecutive micro-batches; a lane adds its micro-batches in order; lanes are added along a binary tree that
 * halves {@code [0, width)} at {@code (lo + hi) / 2}. Each of {@code ranks} replicas computes {@code width / ranks} consecutive lanes, so
 * what it must hand over are the largest tree nodes that it holds whole: one, when width and ranks are powers of two.
 *
 * <p>The idea of a canonical width is that of canonical nodes in MosaicML Streaming; the tree makes it hold for sums.
 */
public final class SumTree {
    /** A node: the sum of lanes {@code [lo, hi)}. */
    public record Node(int lo, int hi) {
        /** Whether this is a single lane. */
        public boolean isLane() {
            return hi - lo == 1;
        }

        /** The first half. */
        public Node left() {
            return new Node(lo, (lo + hi) >>> 1);
        }

        /** The second half. */
        public Node right() {
            return new Node((lo + hi) >>> 1, hi);
        }
    }

    private final int width;
    private final int ranks;

    /** Creates the tree; {@code ranks} must divide {@code width}. */
    public SumTree(int width, int ranks) {
        if (width < 1 || ranks < 1 || width % ranks != 0) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "layout.data = " + ranks + " must divide batch.canonical-width = " + width
                            + ", the width of the gradient sum tree; choose a layout.data that divides it");
        }
        this.width = width;
        this.ranks = ranks;
    }

    /** Number of lanes. */
    public int width() {
        return width;
    }

    /** The whole tree. */
    public Node root() {
        return new Node(0, width);
    }

    /** First lane of a rank; its lanes end where the next rank's begin. */
    public int firstLane(int rank) {
        return rank * (width / ranks);
    }

    /** The largest nodes whose lanes all belong to {@code rank}, in lane order. */
    public List<Node> nodesOf(int rank) {
        List<Node> nodes = new ArrayList<>();
        collect(root(), firstLane(rank), firstLane(rank + 1), nodes);
        return nodes;
    }

    private static void collect(Node node, int lo, int hi, List<Node> nodes) {
        if (node.hi() <= lo || node.lo() >= hi) {
            return;
        }
        if (node.lo() >= lo && node.hi() <= hi) {
            nodes.add(node);
            return;
        }
        collect(node.left(), lo, hi, nodes);
        collect(node.right(), lo, hi, nodes);
    }
}
