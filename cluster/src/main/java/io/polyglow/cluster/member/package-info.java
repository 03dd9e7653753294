/**
 * Who takes part in an attempt: ranks that agree before they train, and what failed ranks died of. Depends on {@code common} alone. Start at {@link io.polyglow.cluster.member.Membership}.
 */
@NullMarked
package io.polyglow.cluster.member;

import org.jspecify.annotations.NullMarked;
