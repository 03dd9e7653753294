/**
 * The ND4J engine: every kernel composed of operations on INDArrays, on nd4j-native or nd4j-cuda, whichever is on the class path; depends on
 * the trainer's kernel seam only. Start at {@link io.polyglow.engine.nd4j.Nd4jEngineProvider}.
 */
@NullMarked
package io.polyglow.engine.nd4j;

import org.jspecify.annotations.NullMarked;
