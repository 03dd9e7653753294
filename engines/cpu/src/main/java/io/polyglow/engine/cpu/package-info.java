/**
 * The CPU engine: matrix products by oneDNN, everything else by the Vector API, over off-heap memory; depends on the trainer's kernel
 * seam only. Start at {@link io.polyglow.engine.cpu.CpuEngineProvider}.
 */
@NullMarked
package io.polyglow.engine.cpu;

import org.jspecify.annotations.NullMarked;
