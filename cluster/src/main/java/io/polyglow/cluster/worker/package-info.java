/**
 * One rank, from what the launcher gives it to how it ends: builds store, engine, transport and loop, runs the loop, and maps errors to fates. Knows no launcher; Spark is one. Start at {@link io.polyglow.cluster.worker.RankMain}.
 */
@NullMarked
package io.polyglow.cluster.worker;

import org.jspecify.annotations.NullMarked;
