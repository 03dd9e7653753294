/**
 * How ranks divide the work: the layout, the fixed tree of gradient sums, and the seams that the cluster module implements. Start at {@link io.polyglow.trainer.parallel.ParallelLayout}.
 */
@NullMarked
package io.polyglow.trainer.parallel;

import org.jspecify.annotations.NullMarked;
