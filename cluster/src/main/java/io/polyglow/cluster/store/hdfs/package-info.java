/**
 * Stores on HDFS, and an HDFS of one process for machines that have none. The only package of this module that opens HDFS; {@code cluster.spark} reads Hadoop's
 * settings, and {@code cluster.spark.yarn} asks YARN. Start at
 * {@link io.polyglow.cluster.store.hdfs.HdfsStore}.
 */
@NullMarked
package io.polyglow.cluster.store.hdfs;

import org.jspecify.annotations.NullMarked;
