/**
 * The bytes that ranks exchange: one fixed frame, read and written in place. Uses only the JDK, Agrona and {@code common.error}. Start at {@link io.polyglow.cluster.wire.FrameLayout}.
 */
@NullMarked
package io.polyglow.cluster.wire;

import org.jspecify.annotations.NullMarked;
