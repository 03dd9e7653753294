/** YARN before it has started an application: where it is, and why a job waits in its queues. What comes after is Spark's. */
@NullMarked
package io.polyglow.cluster.spark.yarn;

import org.jspecify.annotations.NullMarked;
