package io.polyglow.common.token.shard;

/**
 * What a shard says of one of its documents, besides its tokens.
 *
 * @param id which document it is, or which one it is a part of
 * @param copy counted from 0; a document that the mix repeats stands in the shards several times
 * @param language its label, e.g. {@code deu}
 * @param textBytes length of the text that was tokenized, as UTF-8
 */
public record ShardEntry(DocumentId id, int copy, String language, long textBytes) {}
