/** Contract suites of the parallel seams, and the seams between threads of one JVM. Start at {@link io.polyglow.trainer.parallel.InMemoryLinks}. */
@NullMarked
package io.polyglow.trainer.parallel;

import org.jspecify.annotations.NullMarked;
