/**
 * Which process is which, whether it still lives, and how its threads end. Uses nothing of ours. Start at {@link io.polyglow.common.process.ProcessIdentity}.
 */
@NullMarked
package io.polyglow.common.process;

import org.jspecify.annotations.NullMarked;
