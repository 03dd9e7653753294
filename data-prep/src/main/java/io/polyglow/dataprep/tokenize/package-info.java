/**
 * Trains tokenizers from a table of (pre-token, count), which a cluster can make. Knows nothing of Spark. Start at
 * {@link io.polyglow.dataprep.tokenize.BpeTrainer}; the table comes from {@link io.polyglow.dataprep.tokenize.PreTokenCounter}.
 */
@NullMarked
package io.polyglow.dataprep.tokenize;

import org.jspecify.annotations.NullMarked;
