/**
 * The transport over Aeron (shared memory and UDP) with an embedded media driver per rank; the only place that knows Aeron. Uses
 * {@code cluster.transport}. Start at {@link io.polyglow.cluster.transport.aeron.AeronTransport}.
 */
@NullMarked
package io.polyglow.cluster.transport.aeron;

import org.jspecify.annotations.NullMarked;
