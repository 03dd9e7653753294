/**
 * The transformer: its config, the table of its parameters, and the layers of a pipeline stage with forward and backward as neighbours, over memory
 * planned before the first step. Depends on tensors and the kernel seam only. Start at {@link io.polyglow.trainer.model.StageModel}.
 */
@NullMarked
package io.polyglow.trainer.model;

import org.jspecify.annotations.NullMarked;
