package io.polyglow.trainer.precision;

import io.polyglow.trainer.tensor.DType;

/**
 * The two dtypes of a run: {@code compute} for the inputs and outputs of matrix products, {@code residual} for everything that is
 * summed over many terms or many steps: the stream between blocks, statistics, gradients, master weights, optimizer state.
 */
public record Precision(DType compute, DType residual) {
    /** F32 or BF16 compute with F32 residual; F64 computes everything in F64. */
    public static Precision of(DType compute) {
        return switch (compute) {
            case F32, BF16 -> new Precision(compute, DType.F32);
            case F64 -> new Precision(DType.F64, DType.F64);
            case I32 -> throw new IllegalArgumentException("I32 is no compute dtype");
        };
    }

    /** Whether matrices have compute copies apart from their master weights. */
    public boolean mixed() {
        return compute != residual;
    }
}
