/**
 * From gradients of micro-batches to new parameters: the sum tree, clipping, the learning rate, AdamW and who owns which slice. Start at {@link io.polyglow.trainer.optim.ShardPlan}.
 */
@NullMarked
package io.polyglow.trainer.optim;

import org.jspecify.annotations.NullMarked;
