package io.polyglow.trainer.data;

import io.polyglow.common.token.shard.TokenSplit;
import java.util.Arrays;

/**
 * Reads micro-batches of a split into arrays that are allocated once: B sequences of T inputs and, one token later, T targets. A rank reads
 * only what it computes.
 */
public final class MicroBatchReader {
    private final TokenSplit split;
    private final int B;
    private final int T;
    private final int[] window;
    private final int[] inputs;
    private final int[] targets;

    /** A reader of micro-batches of B sequences of T tokens. */
    public MicroBatchReader(TokenSplit split, int B, int T) {
        this.split = split;
        this.B = B;
        this.T = T;
        this.window = new int[T + 1];
        this.inputs = new int[B * T];
        this.targets = new int[B * T];
    }

    /** Reads samples {@code [firstSample, firstSample + B)} of an order. */
    public void read(DataOrder order, long firstSample) {
        for (int b = 0; b < B; b++) {
            split.tokens(order.firstToken(firstSample + b), T + 1, window);
            put(b);
        }
    }

    /** Reads {@code count <= B} consecutive windows from window {@code first} on; the remaining sequences get no targets. */
    public void readHeldOut(long first, int count) {
        for (int b = 0; b < B; b++) {
            if (b < count) {
                split.tokens((first + b) * T, T + 1, window);
                put(b);
            } else {
                Arrays.fill(inputs, b * T, (b + 1) * T, 0);
                Arrays.fill(targets, b * T, (b + 1) * T, -1);
            }
        }
    }

    private void put(int sequence) {
        System.arraycopy(window, 0, inputs, sequence * T, T);
        System.arraycopy(window, 1, targets, sequence * T, T);
    }

    /** The B*T input tokens, valid until the next read. */
    public int[] inputs() {
        return inputs;
    }

    /** The B*T target tokens, -1 where there is none, valid until the next read. */
    public int[] targets() {
        return targets;
    }
}
