/**
 * Functions of single vectors, for the loops of {@link io.polyglow.engine.cpu.simd}: a package of its own, because those loops are kept out of line and these
 * functions must not be.
 */
@NullMarked
package io.polyglow.engine.cpu.vector;

import org.jspecify.annotations.NullMarked;
