/**
 * Reports of runs and corpora for Jupyter, and the Java kernel that executes them. Depends on {@code common}, XChart for pictures and
 * jupyter-jvm-basekernel for the protocol. Start at {@link io.polyglow.notebook.RunReport}.
 */
@NullMarked
package io.polyglow.notebook;

import org.jspecify.annotations.NullMarked;
