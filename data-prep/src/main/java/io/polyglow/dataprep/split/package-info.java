/**
 * Which text trains and which validates, and the order of documents on disk, as pure functions of seed and id. Start at
 * {@link io.polyglow.dataprep.split.SplitPlan}.
 */
@NullMarked
package io.polyglow.dataprep.split;

import org.jspecify.annotations.NullMarked;
