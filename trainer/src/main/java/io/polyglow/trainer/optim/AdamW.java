package io.polyglow.trainer.optim;

/**
 * The constants of AdamW (Loshchilov and Hutter 2019).
 *
 * @param clipNorm gradients with a larger global norm are scaled down to it (Pascanu et al. 2013); 0 never
 */
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay, double clipNorm) {
    private static final double CLIP_EPSILON = 1e-6;

    /** What to multiply gradients of this global norm with. */
    public double clipScale(double norm) {
        return clipNorm > 0 ? Math.min(1, clipNorm / (norm + CLIP_EPSILON)) : 1;
    }

    /** {@code 1 - beta^step}; StrictMath, because the bits must not depend on the machine. */
    static double correction(double beta, long step) {
        return 1 - StrictMath.pow(beta, (double) step);
    }
}
