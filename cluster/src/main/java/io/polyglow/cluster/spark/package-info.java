/**
 * Places, starts and restarts ranks as tasks of a Spark barrier job; never in the path of a step. With what is below it the only package of this module that knows Spark. Start at {@link io.polyglow.cluster.spark.TrainJob}.
 */
@NullMarked
package io.polyglow.cluster.spark;

import org.jspecify.annotations.NullMarked;
