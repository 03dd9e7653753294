package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.AttentionShape;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The heads in packed rows {@code [B*T, (H + 2K) D]} as stacks {@code [B, K, T, D]}, without copying. Query head {@code k G + g} is entry k of stack g, so
 * that it meets its key/value head k. Legend of the dims: {@link AttentionShape} and {@link Attention}.
 */
record Packed(Run rows, AttentionShape shape) {
    int G() {
        return shape.heads() / shape.kvHeads();
    }

    INDArray queries(int g) {
        return stack(rows, (long) g * D(), (long) G() * D(), shape.qkvChannels(), false);
    }

    INDArray keys() {
        return stack(rows, H() * D(), D(), shape.qkvChannels(), false);
    }

    INDArray keysTransposed() {
        return stack(rows, H() * D(), D(), shape.qkvChannels(), true);
    }

    INDArray values() {
        return stack(rows, (H() + K()) * D(), D(), shape.qkvChannels(), false);
    }

    INDArray valuesTransposed() {
        return stack(rows, (H() + K()) * D(), D(), shape.qkvChannels(), true);
    }

    /** All key heads of a row side by side, {@code [B, T, K D]}. */
    INDArray packedKeys() {
        return sideBySide(H() * D());
    }

    INDArray packedValues() {
        return sideBySide((H() + K()) * D());
    }

    /** Stack g of output rows {@code [B*T, H D]}. */
    INDArray out(Run out, int g) {
        return stack(out, (long) g * D(), (long) G() * D(), shape.channels(), false);
    }

    /** Stack g of scores {@code [B, H, T, S]}, as {@code [B, K, T, S]}. */
    INDArray scores(Run scores, int g, int S) {
        long T = shape.time();
        long[] strides = {H() * T * S, G() * T * S, S, 1};
        return scores.strided(g * T * S, new long[] {shape.batch(), K(), T, S}, strides);
    }

    /** Stack g of scores, as {@code [B, K, S, T]}. */
    INDArray scoresTransposed(Run scores, int g, int S) {
        long T = shape.time();
        long[] strides = {H() * T * S, G() * T * S, 1, S};
        return scores.strided(g * T * S, new long[] {shape.batch(), K(), S, T}, strides);
    }

    private INDArray stack(Run run, long column, long headStride, long rowStride, boolean transposed) {
        return stack(
                run.from(column), shape, shape.time(), shape.time() * rowStride, headStride, rowStride, transposed);
    }

    private static INDArray stack(
            Run run, AttentionShape s, long T, long batchStride, long headStride, long rowStride, boolean transposed) {
        long B = s.batch(), K = s.kvHeads(), D = s.headDim();
        return transposed
                ? run.strided(0, new long[] {B, K, D, T}, new long[] {batchStride, headStride, 1, rowStride})
                : run.strided(0, new long[] {B, K, T, D}, new long[] {batchStride, headStride, rowStride, 1});
    }

    private INDArray sideBySide(long column) {
        long R = shape.qkvChannels(), T = shape.time();
        return rows.strided(column, new long[] {shape.batch(), T, K() * D()}, new long[] {T * R, R, 1});
    }

    private long H() {
        return shape.heads();
    }

    private long K() {
        return shape.kvHeads();
    }

    private long D() {
        return shape.headDim();
    }

    /** A cache {@code [B, P, K D]} of keys or values. */
    record Cache(Run memory, long P, AttentionShape shape) {
        /** The rows that the new ones take, {@code [B, T, K D]}. */
        INDArray rows(int firstPosition) {
            long W = width();
            long[] dims = {shape.batch(), shape.time(), W};
            return memory.strided(firstPosition * W, dims, new long[] {P * W, W, 1});
        }

        /** The heads of the first S rows, {@code [B, K, S, D]}. */
        INDArray heads(int S) {
            return stack(memory, shape, S, P * width(), shape.headDim(), width(), false);
        }

        INDArray headsTransposed(int S) {
            return stack(memory, shape, S, P * width(), shape.headDim(), width(), true);
        }

        private long width() {
            return (long) shape.kvHeads() * shape.headDim();
        }
    }
}
