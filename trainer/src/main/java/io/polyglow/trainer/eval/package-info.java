/**
 * How well a model predicts text it was not trained on. Start at {@link io.polyglow.trainer.eval.Evaluation}.
 */
@NullMarked
package io.polyglow.trainer.eval;

import org.jspecify.annotations.NullMarked;
