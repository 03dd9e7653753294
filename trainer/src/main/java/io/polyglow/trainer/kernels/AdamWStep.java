package io.polyglow.trainer.kernels;

/**
 * The scalars of one AdamW update (Loshchilov and Hutter 2019). With gradient {@code g' = g * gradScale}:
 * {@code m = b1 m + (1-b1) g'}, {@code v = b2 v + (1-b2) g'^2},
 * {@code w -= learningRate * (m / correction1 / (sqrt(v / correction2) + epsilon) + weightDecay * w)}.
 * {@code correctionN = 1 - bN^t} with t the 1-based count of updates.
 */
public record AdamWStep(
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double correction1,
        double correction2,
        double gradScale) {}
