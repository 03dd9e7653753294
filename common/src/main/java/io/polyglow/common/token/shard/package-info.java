/**
 * Token shards on disk: Megatron's {@code .bin} and {@code .idx} byte for byte, plus a manifest with which a reader can tell that nothing is missing,
 * damaged or made with another tokenizer. Write with {@link io.polyglow.common.token.shard.TokenShardWriter}, read with
 * {@link io.polyglow.common.token.shard.TokenDataset}.
 */
@NullMarked
package io.polyglow.common.token.shard;

import org.jspecify.annotations.NullMarked;
