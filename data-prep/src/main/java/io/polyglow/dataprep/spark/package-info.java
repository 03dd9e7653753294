/**
 * The Spark jobs that apply the pure functions of the other packages; the only package here that knows Spark and Hadoop. Start at
 * {@link io.polyglow.dataprep.spark.PrepareJob}.
 */
@NullMarked
package io.polyglow.dataprep.spark;

import org.jspecify.annotations.NullMarked;
