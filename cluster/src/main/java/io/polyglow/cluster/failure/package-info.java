/**
 * How a wait ends when the work does not: cancellation, deadlines, lost peers, aborts, and what was going on. Uses {@code cluster.transport}. Start at {@link io.polyglow.cluster.failure.Session}.
 */
@NullMarked
package io.polyglow.cluster.failure;

import org.jspecify.annotations.NullMarked;
