/**
 * Builds all links of one rank: open, publish the address, connect, shake hands, close. Uses the packages of {@code cluster} that carry data. Start at {@link io.polyglow.cluster.rank.RankTransport}.
 */
@NullMarked
package io.polyglow.cluster.rank;

import org.jspecify.annotations.NullMarked;
