/** Kernels one by one, timed by JMH, as shares of the peaks that the same run measures. */
@NullMarked
package io.polyglow.benchmarks.kernels;

import org.jspecify.annotations.NullMarked;
