package io.polyglow.trainer.kernels;

import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A parameter, or a part of one, that AdamW updates: weights w, moments m and v and gradient g, all flat, of one size and in the residual dtype; {@code copy} (BF16) receives the new
 * weights, where there is one.
 */
public record AdamWTensors(Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {}
