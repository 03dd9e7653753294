/** Our encoder beside other tokenizers, in one JVM, on the same vocabulary and texts. */
@NullMarked
package io.polyglow.benchmarks.tokenizers;

import org.jspecify.annotations.NullMarked;
