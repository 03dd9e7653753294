/**
 * The vector loops of the CPU engine: static methods over byte buffers that know nothing of tensors, threads or memory. The only package that
 * sees the Vector API. Start at {@link io.polyglow.engine.cpu.simd.Loops}.
 */
@NullMarked
package io.polyglow.engine.cpu.simd;

import org.jspecify.annotations.NullMarked;
