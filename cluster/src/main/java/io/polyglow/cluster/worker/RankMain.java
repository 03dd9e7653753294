package io.polyglow.cluster.worker;

import java.io.Serializable;

/**
 * What every rank of an attempt runs. It travels to the executors as it is, so it holds plain data only. Failures leave as
 * {@link io.polyglow.common.error.PolyglowException}, whose kind decides whether the driver starts a new attempt.
 */
@FunctionalInterface
public interface RankMain extends Serializable {
    /** Runs the rank to its end; what it returns goes back to the driver. */
    String run(RankHost host);
}
