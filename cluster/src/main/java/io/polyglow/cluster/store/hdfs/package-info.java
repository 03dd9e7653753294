/**
 * Stores on HDFS, and an HDFS of one process for machines that have none. The only package of this module that may import Hadoop. Start at
 * {@link io.polyglow.cluster.store.hdfs.HdfsStore}.
 */
@NullMarked
package io.polyglow.cluster.store.hdfs;

import org.jspecify.annotations.NullMarked;
