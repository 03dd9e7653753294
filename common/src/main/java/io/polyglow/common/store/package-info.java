/**
 * Durable bytes behind one seam, so that a run directory may live on a local disk or on HDFS. Start at {@link io.polyglow.common.store.Store}.
 */
@NullMarked
package io.polyglow.common.store;

import org.jspecify.annotations.NullMarked;
