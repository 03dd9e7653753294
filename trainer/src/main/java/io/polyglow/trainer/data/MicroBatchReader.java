package io.polyglow.trainer.data;

import io.polyglow.common.token.shard.TokenSplit;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads micro-batches of a split into arrays that are allocated once: B sequences of T inputs and, one token later, T targets. A sample shorter than T + 1
 * tokens is filled up with inputs without a target. All stages of a pipeline read the same. A rank reads only what it computes.
 */
public final class MicroBatchReader {
    private final TokenSplit split;
    private final int B;
    private final int T;
    private final Sample sample = new Sample();
    private final int[] window;
    private final int[] inputs;
    private final int[] targets;
    private final int @Nullable [] firstKeys;

    /** A reader of micro-batches of B sequences of T tokens, whose documents are isolated from each other when {@code documentMask}. */
    public MicroBatchReader(TokenSplit split, int B, int T, boolean documentMask) {
        this.split = split;
        this.B = B;
        this.T = T;
        this.window = new int[T + 1];
        this.inputs = new int[B * T];
        this.targets = new int[B * T];
        this.firstKeys = documentMask ? new int[B * T] : null;
    }

    /** Reads samples {@code [firstSample, firstSample + B)} of an order. */
    public void read(DataOrder order, long firstSample) {
        for (int b = 0; b < B; b++) {
            order.get(firstSample + b, sample);
            put(b);
        }
    }

    /** Reads {@code count <= B} consecutive windows from window {@code first} on; the remaining sequences get no targets. */
    public void readHeldOut(long first, int count) {
        for (int b = 0; b < B; b++) {
            sample.clear(firstKeys != null);
            if (b < count && firstKeys != null) {
                sample.addByDocument(split.index(), (first + b) * T, T + 1);
            } else if (b < count) {
                sample.add((first + b) * T, T + 1);
            }
            put(b);
        }
    }

    private void put(int sequence) {
        int at = 0;
        for (int piece = 0; piece < sample.pieces(); piece++) {
            split.tokens(sample.firstToken(piece), sample.length(piece), window, at);
            at += sample.length(piece);
        }
        int targetCount = Math.max(0, at - 1);
        int first = sequence * T;
        System.arraycopy(window, 0, inputs, first, targetCount);
        System.arraycopy(window, 1, targets, first, targetCount);
        Arrays.fill(inputs, first + targetCount, first + T, 0);
        Arrays.fill(targets, first + targetCount, first + T, -1);
        if (firstKeys != null) {
            isolate(firstKeys, first);
        }
    }

    /** A row sees back to the beginning of its document, and no document's last row predicts the next document. Rows of padding see themselves. */
    private void isolate(int[] keys, int first) {
        int at = 0;
        for (int piece = 0; piece < sample.pieces(); piece++) {
            int end = at + sample.length(piece);
            Arrays.fill(keys, first + at, first + Math.min(T, end), at);
            if (end <= T) {
                targets[first + end - 1] = -1;
            }
            at = end;
        }
        for (int t = at; t < T; t++) {
            keys[first + t] = t;
        }
    }

    /** The B*T input tokens, valid until the next read. */
    public int[] inputs() {
        return inputs;
    }

    /** The first row that each of the B*T rows sees, counted within its sequence, valid until the next read; null when every row sees all before it. */
    public int @Nullable [] firstKeys() {
        return firstKeys;
    }

    /** The B*T target tokens, -1 where there is none, valid until the next read. */
    public int[] targets() {
        return targets;
    }
}
