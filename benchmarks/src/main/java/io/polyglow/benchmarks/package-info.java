/**
 * Times whole training steps beside those of other programs. Runs on a machine that has a Java runtime and nothing else: needs the trainer, and whatever engines are
 * on the class path. Start at {@link io.polyglow.benchmarks.Main}.
 */
@NullMarked
package io.polyglow.benchmarks;

import org.jspecify.annotations.NullMarked;
