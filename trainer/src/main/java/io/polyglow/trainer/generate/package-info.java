/**
 * Text continuation with a trained model: batched decoding over a key-value cache, and how a token is picked. Depends on the model. Start at
 * {@link io.polyglow.trainer.generate.Generator}.
 */
@NullMarked
package io.polyglow.trainer.generate;

import org.jspecify.annotations.NullMarked;
