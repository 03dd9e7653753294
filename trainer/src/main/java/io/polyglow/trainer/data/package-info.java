/**
 * Which tokens belong to which step: a pure function of (corpus, seed, step), so no rank owns a cursor. Start at {@link io.polyglow.trainer.data.DataOrder}.
 */
@NullMarked
package io.polyglow.trainer.data;

import org.jspecify.annotations.NullMarked;
