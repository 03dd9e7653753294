package io.polyglow.common.token.shard;

import io.polyglow.common.store.Store;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.agrona.CloseHelper;
import org.agrona.collections.IntArrayList;

/**
 * Streams documents into one shard. Memory: a few bytes a document, plus 4 MiB. The same documents in the same order give the same bytes. For one thread.
 * A writer that is closed before {@link #finish} leaves files that no manifest names.
 */
public final class TokenShardWriter implements Closeable {
    /** A shard must stay below this many bytes of tokens, so that a reader can map it at once. */
    public static final int MAX_BYTES = 1 << 30;

    /** A shard has no more documents than this, for the same reason. */
    public static final int MAX_DOCUMENTS = 100_000_000;

    private static final int MAX_LANGUAGES = 1 << 16;

    private final String name;
    private final TokenType type;
    private final DigestingOutput bin;
    private final DigestingOutput idx;
    private final DigestingOutput lang;
    private final DigestingOutput docs;
    private final IntArrayList lengths = new IntArrayList();
    private final List<LanguageCount> counts = new ArrayList<>();
    private final Map<String, Integer> languages = new LinkedHashMap<>();
    private long tokens;

    /** Creates {@code NAME.bin}, {@code .idx}, {@code .lang} and {@code .docs} in a directory of a store. */
    public static TokenShardWriter create(Store store, String directory, String name, TokenType type)
            throws IOException {
        String path = CorpusManifest.path(directory, name);
        return new TokenShardWriter(
                name,
                type,
                store.create(path + ".bin"),
                store.create(path + ".idx"),
                store.create(path + ".lang"),
                store.create(path + ".docs"));
    }

    /**
     * Writes to the given streams, which this writer closes.
     *
     * @param name {@code train-NNNNN} or {@code validation-NNNNN}
     */
    public TokenShardWriter(
            String name, TokenType type, OutputStream bin, OutputStream idx, OutputStream lang, OutputStream docs)
            throws IOException {
        if (!ShardInfo.NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not the name of a shard, e.g. train-00000: " + name);
        }
        this.name = name;
        this.type = type;
        this.bin = new DigestingOutput(bin);
        this.idx = new DigestingOutput(idx);
        this.lang = new DigestingOutput(lang);
        this.docs = new DigestingOutput(docs);
        ShardDocuments.writeHeader(this.docs);
    }

    /** Bytes of tokens so far; a caller that fills shards to a size looks at it. */
    public long bytes() {
        return bin.bytes();
    }

    /** Appends one document, whose tokens are {@code ids[offset, offset + length)}. */
    public void append(ShardEntry document, int[] ids, int offset, int length) throws IOException {
        if (bytes() + (long) length * type.bytes() > MAX_BYTES || lengths.size() == MAX_DOCUMENTS) {
            throw new IllegalStateException("shard " + name + " would exceed " + MAX_BYTES + " bytes or "
                    + MAX_DOCUMENTS + " documents; begin another one");
        }
        for (int i = offset; i < offset + length; i++) {
            writeId(ids[i]);
        }
        lengths.addInt(length);
        tokens += length;
        ShardDocuments.writeRow(docs, document.id(), document.copy());
        count(new LanguageCount(document.language(), 1, document.textBytes(), length));
    }

    /** Writes the index, makes the files durable, closes them, and tells what the manifest must say. */
    public ShardInfo finish() throws IOException {
        FileDigest binDigest = bin.finish();
        MegatronIndex.write(idx, type, lengths);
        FileDigest idxDigest = idx.finish();
        return new ShardInfo(
                name,
                type,
                lengths.size(),
                tokens,
                binDigest,
                idxDigest,
                lang.finish(),
                docs.finish(),
                List.copyOf(counts));
    }

    /** Closes the files without finishing the shard; no effect after {@link #finish}. */
    @Override
    public void close() {
        CloseHelper.closeAll(bin, idx, lang, docs);
    }

    private void writeId(int id) throws IOException {
        if (id < 0 || id > type.maxId()) {
            throw new IllegalArgumentException("token id " + id + " does not fit " + type + " in shard " + name);
        }
        if (type == TokenType.INT32) {
            bin.writeInt(id);
        } else {
            bin.writeShort(id);
        }
    }

    private void count(LanguageCount document) throws IOException {
        int index = languages.computeIfAbsent(document.language(), language -> {
            counts.add(new LanguageCount(language, 0, 0, 0));
            return counts.size() - 1;
        });
        if (index >= MAX_LANGUAGES) {
            throw new IllegalStateException("shard " + name + " has more than " + MAX_LANGUAGES + " languages");
        }
        counts.set(index, counts.get(index).plus(document));
        lang.writeShort(index);
    }
}
