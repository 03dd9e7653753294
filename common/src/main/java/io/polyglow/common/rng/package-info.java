/**
 * Randomness as a pure function of (seed, purpose, step, index): the same bits on every machine, layout and resume. Depends on the JDK alone. Start at
 * {@link io.polyglow.common.rng.RandomStream}.
 */
@NullMarked
package io.polyglow.common.rng;

import org.jspecify.annotations.NullMarked;
