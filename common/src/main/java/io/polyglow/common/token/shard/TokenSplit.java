package io.polyglow.common.token.shard;

import java.util.List;

/** The documents of a split as one long sequence of token ids, over any number of shards. Random access, immutable, safe for many threads. */
public final class TokenSplit {
    private final SplitIndex index;
    private final TokenShard[] shards;

    TokenSplit(SplitIndex index, List<TokenShard> shards) {
        this.index = index;
        this.shards = shards.toArray(new TokenShard[0]);
    }

    /** {@code train} or {@code validation}. */
    public String name() {
        return index.name();
    }

    /** Where the documents lie and which they are. */
    public SplitIndex index() {
        return index;
    }

    /** Number of tokens. */
    public long tokens() {
        return index.tokens();
    }

    /** Number of documents. */
    public long documents() {
        return index.documents();
    }

    /** Copies tokens {@code [start, start + count)} to the beginning of {@code dest}. */
    public void tokens(long start, int count, int[] dest) {
        tokens(start, count, dest, 0);
    }

    /** Copies tokens {@code [start, start + count)} to {@code dest} from {@code destOffset} on. */
    public void tokens(long start, int count, int[] dest, int destOffset) {
        if (start < 0 || count < 0 || start + count > tokens() || destOffset + count > dest.length) {
            throw new IndexOutOfBoundsException("tokens [" + start + ", " + (start + count) + ") of " + tokens()
                    + " into " + dest.length + " from " + destOffset);
        }
        if (count == 0) {
            return;
        }
        int done = 0;
        for (int shard = index.shardOfToken(start); done < count; shard++) {
            int from = (int) (start + done - index.firstToken(shard));
            int part = Math.min(count - done, shards[shard].tokens() - from);
            shards[shard].read(from, part, dest, destOffset + done);
            done += part;
        }
    }

    /** The first token of a document; of {@link #documents()}, the number of tokens. */
    public long documentStart(long document) {
        return index.documentStart(document);
    }

    /** The language code of a document. */
    public String language(long document) {
        return index.language(document);
    }
}
