package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The documents of a split: where each begins, its language and its id, without any token. Documents and tokens are counted from the beginning of the
 * split. A shard's index is read when it is first asked for, and checked; a few bytes a document, mapped, not on the heap. Immutable, safe for many threads.
 */
public final class SplitIndex {
    private final String name;
    private final Store store;
    private final UnaryOperator<String> directories;
    private final List<ShardInfo> infos;
    private final @Nullable ShardIndex[] opened;
    private final long[] firstToken;
    private final long[] firstDocument;

    /** The split of these shards; {@code directories} tells, by name, where the files of a shard lie. */
    SplitIndex(Store store, UnaryOperator<String> directories, String name, List<ShardInfo> infos) {
        this.name = name;
        this.store = store;
        this.directories = directories;
        this.infos = infos;
        opened = new ShardIndex[infos.size()];
        firstToken = new long[infos.size() + 1];
        firstDocument = new long[infos.size() + 1];
        for (int i = 0; i < infos.size(); i++) {
            firstToken[i + 1] = firstToken[i] + infos.get(i).tokens();
            firstDocument[i + 1] = firstDocument[i] + infos.get(i).documents();
        }
    }

    /** {@code train} or {@code validation}. */
    public String name() {
        return name;
    }

    /** Number of tokens. */
    public long tokens() {
        return firstToken[infos.size()];
    }

    /** Number of documents. */
    public long documents() {
        return firstDocument[infos.size()];
    }

    /** The shards, in order. */
    public List<ShardInfo> shards() {
        return infos;
    }

    /** The first token of a shard; of the number of shards, the number of tokens. */
    public long firstToken(int shard) {
        return firstToken[shard];
    }

    /** The first document of a shard; of the number of shards, the number of documents. */
    public long firstDocument(int shard) {
        return firstDocument[shard];
    }

    /** The shard that a token lies in. */
    public int shardOfToken(long token) {
        return indexOf(firstToken, token);
    }

    /** The shard that a document lies in. */
    public int shardOfDocument(long document) {
        return indexOf(firstDocument, document);
    }

    /** The first token of a document; of {@link #documents()}, the number of tokens. */
    public long documentStart(long document) {
        if (document == documents()) {
            return tokens();
        }
        int shard = shardOfDocument(document);
        return firstToken[shard] + shard(shard).start((int) (document - firstDocument[shard]));
    }

    /** The document that a token belongs to. */
    public long documentAt(long token) {
        int shard = shardOfToken(token);
        ShardIndex index = shard(shard);
        long at = token - firstToken[shard];
        int low = 0;
        int high = (int) infos.get(shard).documents() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (index.start(middle) <= at) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return firstDocument[shard] + low;
    }

    /** The language label of a document. */
    public String language(long document) {
        int shard = shardOfDocument(document);
        return shard(shard).language((int) (document - firstDocument[shard]));
    }

    /** Whether the shards tell which documents they hold; those of older versions do not. */
    public boolean hasIds() {
        return infos.stream().allMatch(info -> info.docs() != null);
    }

    /** The id of a document. */
    public DocumentId id(long document) {
        int shard = shardOfDocument(document);
        return docs(shard).id((int) (document - firstDocument[shard]));
    }

    /** Which copy of its document this is, counted from 0. */
    public int copy(long document) {
        int shard = shardOfDocument(document);
        return docs(shard).copy((int) (document - firstDocument[shard]));
    }

    private ShardDocuments docs(int shard) {
        ShardDocuments docs = shard(shard).docs();
        if (docs == null) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    store.root() + "/"
                            + CorpusManifest.path(
                                    directory(shard), infos.get(shard).name())
                            + " has no .docs file: an older version made this corpus, so nothing tells which documents its tokens come from."
                            + " Prepare the corpus again.");
        }
        return docs;
    }

    /** Reads and checks the index of every shard now. */
    void openAll() {
        for (int shard = 0; shard < opened.length; shard++) {
            shard(shard);
        }
    }

    private synchronized ShardIndex shard(int shard) {
        ShardIndex index = opened[shard];
        if (index == null) {
            try {
                index = new ShardIndex(store, directory(shard), infos.get(shard));
            } catch (IOException e) {
                throw TokenDataset.unreadable(store, directory(shard), e);
            }
            opened[shard] = index;
        }
        return index;
    }

    private String directory(int shard) {
        return directories.apply(infos.get(shard).name());
    }

    /** The shard that holds item {@code at}; empty shards hold none. */
    static int indexOf(long[] firsts, long at) {
        int found = Arrays.binarySearch(firsts, Objects.checkIndex(at, firsts[firsts.length - 1]));
        int shard = found >= 0 ? found : -found - 2;
        while (firsts[shard + 1] == firsts[shard]) {
            shard++;
        }
        return shard;
    }
}
