/**
 * Which process is which, and whether it still lives. Uses nothing of ours. Start at {@link io.polyglow.common.process.ProcessIdentity}.
 */
@NullMarked
package io.polyglow.common.process;

import org.jspecify.annotations.NullMarked;
