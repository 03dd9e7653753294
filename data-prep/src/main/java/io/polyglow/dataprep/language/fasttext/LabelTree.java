package io.polyglow.dataprep.language.fasttext;

import java.util.Arrays;

/**
 * The Huffman tree of a hierarchical softmax: each inner node is a row of the output matrix, whose sigmoid is the probability of going right; a label's is the product on its path. Built from
 * the labels' counts, which come in falling order, exactly as {@code HierarchicalSoftmaxLoss::buildTree} does.
 */
final class LabelTree implements OutputLayer {
    private static final long UNREACHED = 1_000_000_000_000_000L;

    private final int labels;
    private final int[] left;
    private final int[] right;
    private final Rows output;

    LabelTree(long[] counts, Rows output) {
        this.labels = counts.length;
        this.left = new int[2 * labels - 1];
        this.right = new int[2 * labels - 1];
        this.output = output;
        build(counts);
    }

    private void build(long[] counts) {
        long[] weight = Arrays.copyOf(counts, left.length);
        Arrays.fill(weight, labels, weight.length, UNREACHED);
        int leaf = labels - 1;
        int inner = labels;
        for (int node = labels; node < left.length; node++) {
            left[node] = leaf >= 0 && weight[leaf] < weight[inner] ? leaf-- : inner++;
            right[node] = leaf >= 0 && weight[leaf] < weight[inner] ? leaf-- : inner++;
            weight[node] = weight[left[node]] + weight[right[node]];
        }
    }

    @Override
    public double[] scores(float[] hidden) {
        double[] probability = new double[left.length];
        probability[left.length - 1] = 1;
        // A child has a lower number than its parent, so one pass downwards meets every parent before its children.
        for (int node = left.length - 1; node >= labels; node--) {
            double goesRight = 1 / (1 + Math.exp(-output.dot(node - labels, hidden)));
            probability[left[node]] = probability[node] * (1 - goesRight + EPSILON);
            probability[right[node]] = probability[node] * (goesRight + EPSILON);
        }
        return Arrays.copyOf(probability, labels);
    }
}
