/**
 * Moves frames between ranks without ever blocking. Uses {@code cluster.wire}. Start at {@link io.polyglow.cluster.transport.Transport}.
 */
@NullMarked
package io.polyglow.cluster.transport;

import org.jspecify.annotations.NullMarked;
