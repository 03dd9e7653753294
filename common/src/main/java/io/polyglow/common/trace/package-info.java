/**
 * What a run tells about itself while it runs and afterwards: metrics, TensorBoard events, life of each rank. Depends on {@code store} and
 * {@code json}. Start at {@link io.polyglow.common.trace.MetricsLog}.
 */
@NullMarked
package io.polyglow.common.trace;

import org.jspecify.annotations.NullMarked;
