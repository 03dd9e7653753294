/**
 * The seam between the model and the arithmetic, and the reference implementation that defines it. Start at {@link io.polyglow.trainer.kernels.Kernels}.
 */
@NullMarked
package io.polyglow.trainer.kernels;

import org.jspecify.annotations.NullMarked;
