package io.polyglow.trainer.optim;

import io.polyglow.trainer.tensor.Tensor;

/** Optimizer state of elements {@code [from, from + first.size())} of a parameter: views of engine memory, F32. */
public record MomentSlice(String parameter, long from, Tensor first, Tensor second) {}
