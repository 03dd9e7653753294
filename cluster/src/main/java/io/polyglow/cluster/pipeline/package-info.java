/**
 * Pipeline parallelism: schedules as pure data, and the wire between two stages. Uses {@code cluster.failure} and the seams of
 * {@code trainer.parallel}. Start at {@link io.polyglow.cluster.pipeline.PipelineSchedules}.
 */
@NullMarked
package io.polyglow.cluster.pipeline;

import org.jspecify.annotations.NullMarked;
