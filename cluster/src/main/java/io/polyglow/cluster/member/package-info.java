/**
 * Who takes part in an attempt and who owns the run: ranks that agree before they train, epochs that only grow, one driver at a time. Depends on {@code common} alone. Start at {@link io.polyglow.cluster.member.Membership}.
 */
@NullMarked
package io.polyglow.cluster.member;

import org.jspecify.annotations.NullMarked;
