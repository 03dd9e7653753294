/**
 * Collectives by direct exchange between all pairs of a group, deterministic in every bit. Uses {@code cluster.failure} and the seams of
 * {@code trainer.parallel}. Start at {@link io.polyglow.cluster.collectives.DirectCollectives}.
 */
@NullMarked
package io.polyglow.cluster.collectives;

import org.jspecify.annotations.NullMarked;
