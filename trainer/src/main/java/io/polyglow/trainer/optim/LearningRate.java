package io.polyglow.trainer.optim;

/**
 * Linear warm-up, then half a cosine down to the minimum, then constant (Loshchilov and Hutter 2017); a pure function of the step.
 *
 * @param peak the rate after warm-up
 * @param minimum the rate after decay
 * @param warmupSteps steps of linear growth; the first step has {@code peak / warmupSteps}
 * @param decaySteps the step, counted from 1, that reaches the minimum; 0 keeps the peak for ever
 */
public record LearningRate(double peak, double minimum, long warmupSteps, long decaySteps) {
    /** The rate of {@code step}, counted from 1. StrictMath, because the bits must not depend on the machine. */
    public double at(long step) {
        if (step <= warmupSteps) {
            return peak * step / warmupSteps;
        }
        if (decaySteps == 0) {
            return peak;
        }
        if (step >= decaySteps) {
            return minimum;
        }
        double progress = (double) (step - warmupSteps) / (decaySteps - warmupSteps);
        return minimum + 0.5 * (1 + StrictMath.cos(Math.PI * progress)) * (peak - minimum);
    }
}
