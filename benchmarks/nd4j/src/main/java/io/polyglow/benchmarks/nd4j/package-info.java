/** SameDiff, the automatic differentiation of ND4J, as a peer of the benchmarks. */
@NullMarked
package io.polyglow.benchmarks.nd4j;

import org.jspecify.annotations.NullMarked;
