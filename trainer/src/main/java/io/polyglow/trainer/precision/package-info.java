/**
 * Number formats narrower than binary32 and how a run combines them. Start at {@link io.polyglow.trainer.precision.Precision}.
 */
@NullMarked
package io.polyglow.trainer.precision;

import org.jspecify.annotations.NullMarked;
