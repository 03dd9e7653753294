package io.polyglow.benchmarks;

import java.util.Map;

/** A model of another library with its optimizer, on the weights and with the settings of a plan. One thread uses it. */
public interface PeerModel extends AutoCloseable {
    /** The library, its version, threads and types of numbers. */
    String describe();

    /** Of its matrix products, {@code f32} or {@code bf16}: the plan's, or the only one that the library is good at. */
    String dtype();

    /**
     * Mean loss over the targets of some samples, in nats; the weights stay.
     *
     * @param samples {@code [count][context + 1]} token ids; a target is the next token
     */
    double loss(int[][] samples);

    /**
     * One step of training: forward and backward over every micro-batch, clipping, AdamW.
     *
     * @param microBatches samples that are computed at once; all have the same number
     * @return the mean loss over all of them, before the update
     */
    double step(int[][][] microBatches, double learningRate);

    /** Gradients of {@link #loss} by the names of {@link Weights}, in the shapes that these have there; the weights stay. */
    Map<String, float[]> gradients(int[][] samples);

    @Override
    void close();

    /** The inputs ({@code first} 0) or the targets ({@code first} 1) of some samples, one after another. */
    static int[] column(int[][] samples, int first) {
        int length = samples[0].length - 1;
        int[] flat = new int[samples.length * length];
        for (int row = 0; row < samples.length; row++) {
            System.arraycopy(samples[row], first, flat, row * length, length);
        }
        return flat;
    }
}
