/**
 * Failures that a user can act on: a kind (which fixes the exit code), and a message that says what, where and what to do. Start at {@link io.polyglow.common.error.PolyglowException}.
 */
@NullMarked
package io.polyglow.common.error;

import org.jspecify.annotations.NullMarked;
