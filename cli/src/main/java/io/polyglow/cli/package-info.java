/**
 * The command line: the only module that knows all the others. One class per command; {@link io.polyglow.cli.Main} is the entry.
 */
@NullMarked
package io.polyglow.cli;

import org.jspecify.annotations.NullMarked;
