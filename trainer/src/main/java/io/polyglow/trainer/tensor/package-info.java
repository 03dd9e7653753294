/**
 * Shapes, data types and engine-owned memory; no arithmetic. Start at {@link io.polyglow.trainer.tensor.Tensor}.
 */
@NullMarked
package io.polyglow.trainer.tensor;

import org.jspecify.annotations.NullMarked;
