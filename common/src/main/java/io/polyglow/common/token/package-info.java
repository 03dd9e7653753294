/**
 * Text to token ids and back, and token shards on disk. Start at {@link io.polyglow.common.token.Tokenizer}.
 */
@NullMarked
package io.polyglow.common.token;

import org.jspecify.annotations.NullMarked;
