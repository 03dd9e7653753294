/**
 * The vector loops of the CPU engine: static methods over byte buffers that know nothing of tensors, threads or memory. Only this package and
 * {@link io.polyglow.engine.cpu.vector}, whose functions it inlines, see the Vector API. Start at {@link io.polyglow.engine.cpu.simd.Loops}.
 */
@NullMarked
package io.polyglow.engine.cpu.simd;

import org.jspecify.annotations.NullMarked;
