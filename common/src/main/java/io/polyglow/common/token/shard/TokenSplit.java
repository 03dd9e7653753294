package io.polyglow.common.token.shard;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** The documents of a split as one long sequence of token ids, over any number of shards. Random access, immutable, safe for many threads. */
public final class TokenSplit {
    private final String name;
    private final TokenShard[] shards;
    private final long[] firstToken;
    private final long[] firstDocument;

    TokenSplit(String name, List<TokenShard> shards) {
        this.name = name;
        this.shards = shards.toArray(new TokenShard[0]);
        firstToken = new long[shards.size() + 1];
        firstDocument = new long[shards.size() + 1];
        for (int i = 0; i < this.shards.length; i++) {
            firstToken[i + 1] = firstToken[i] + this.shards[i].tokens();
            firstDocument[i + 1] = firstDocument[i] + this.shards[i].documents();
        }
    }

    /** {@code train} or {@code validation}. */
    public String name() {
        return name;
    }

    /** Number of tokens. */
    public long tokens() {
        return firstToken[shards.length];
    }

    /** Number of documents. */
    public long documents() {
        return firstDocument[shards.length];
    }

    /** Copies tokens {@code [start, start + count)} to the beginning of {@code dest}. */
    public void tokens(long start, int count, int[] dest) {
        if (start < 0 || count < 0 || start + count > tokens() || count > dest.length) {
            throw new IndexOutOfBoundsException(
                    "tokens [" + start + ", " + (start + count) + ") of " + tokens() + " into " + dest.length);
        }
        if (count == 0) {
            return;
        }
        int done = 0;
        for (int shard = indexOf(firstToken, start); done < count; shard++) {
            int from = (int) (start + done - firstToken[shard]);
            int part = Math.min(count - done, shards[shard].tokens() - from);
            shards[shard].read(from, part, dest, done);
            done += part;
        }
    }

    /** The first token of a document; of {@link #documents()}, the number of tokens. */
    public long documentStart(long document) {
        if (document == documents()) {
            return tokens();
        }
        int shard = indexOf(firstDocument, document);
        return firstToken[shard] + shards[shard].start((int) (document - firstDocument[shard]));
    }

    /** The language code of a document. */
    public String language(long document) {
        int shard = indexOf(firstDocument, document);
        return shards[shard].language((int) (document - firstDocument[shard]));
    }

    /** The shard that holds item {@code at}; empty shards hold none. */
    private static int indexOf(long[] firsts, long at) {
        int found = Arrays.binarySearch(firsts, Objects.checkIndex(at, firsts[firsts.length - 1]));
        int shard = found >= 0 ? found : -found - 2;
        while (firsts[shard + 1] == firsts[shard]) {
            shard++;
        }
        return shard;
    }
}
