/**
 * How often documents of each language and source are trained on, planned before anything is written and realised by a seeded hash. Pure functions; needs
 * {@code doc} only. Start at {@link io.polyglow.dataprep.mix.MixPlan}.
 */
@NullMarked
package io.polyglow.dataprep.mix;

import org.jspecify.annotations.NullMarked;
