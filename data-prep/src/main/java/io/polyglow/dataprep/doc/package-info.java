/**
 * A document on its way from a file to a shard, and the stable names it is known by. Start at {@link io.polyglow.dataprep.doc.RawDocument}.
 */
@NullMarked
package io.polyglow.dataprep.doc;

import org.jspecify.annotations.NullMarked;
