/**
 * What a run needs, computed from its config before anything is started; uses the layouts of model, optimizer and pipeline. Start at
 * {@link io.polyglow.trainer.plan.RunPlan}.
 */
@NullMarked
package io.polyglow.trainer.plan;

import org.jspecify.annotations.NullMarked;
