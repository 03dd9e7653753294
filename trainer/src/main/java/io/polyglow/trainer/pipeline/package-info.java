/**
 * Runs micro-batches through the stage of one rank, in the order of a schedule. Start at {@link io.polyglow.trainer.pipeline.StageExecutor}.
 */
@NullMarked
package io.polyglow.trainer.pipeline;

import org.jspecify.annotations.NullMarked;
