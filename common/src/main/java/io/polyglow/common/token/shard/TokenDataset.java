package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import io.polyglow.common.token.UnicodeTable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A prepared corpus. Opening it reads the manifest and the tokenizer; {@link #split} maps the shards of a split and checks every byte of them. Anything
 * missing, damaged, or made with another tokenizer is a {@link ErrorKind#DATA} error that names the file and the byte.
 */
public final class TokenDataset {
    /** The split to learn from. */
    public static final String TRAIN = "train";

    /** The held-out split. */
    public static final String VALIDATION = "validation";

    private final Store store;
    private final String directory;
    private final CorpusManifest manifest;
    private final Tokenizer tokenizer;

    private TokenDataset(Store store, String directory, CorpusManifest manifest, Tokenizer tokenizer) {
        this.store = store;
        this.directory = directory;
        this.manifest = manifest;
        this.tokenizer = tokenizer;
    }

    /** Opens the corpus in a directory of a store ({@code ""} is the root). The store must stay open until the splits are. */
    public static TokenDataset open(Store store, String directory) throws IOException {
        try {
            CorpusManifest manifest = CorpusManifest.read(store, directory);
            Tokenizer tokenizer = TokenizerFile.read(store, CorpusManifest.path(directory, CorpusManifest.TOKENIZER));
            TokenDataset dataset = new TokenDataset(store, directory, manifest, tokenizer);
            dataset.checkTokenizer();
            return dataset;
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw missing(store, directory, e);
        }
    }

    /** What the corpus is. */
    public CorpusManifest manifest() {
        return manifest;
    }

    /** What was taken out of the corpus since it was prepared. */
    public Takedowns takedowns() throws IOException {
        return Takedowns.read(store, directory, manifest.takedowns());
    }

    /** The tokenizer that made the ids. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Where the documents of {@link #TRAIN} or {@link #VALIDATION} lie and which they are; reads nothing yet. */
    public SplitIndex index(String split) {
        return CorpusIndex.of(store, directory, manifest).index(split);
    }

    /** The corpus as it was when it had this fingerprint; empty if it never had, or if nothing was kept of then. */
    public Optional<CorpusIndex> as(String fingerprint) throws IOException {
        return fingerprint.equals(manifest.fingerprint())
                ? Optional.of(CorpusIndex.of(store, directory, manifest))
                : CorpusIndex.former(store, directory, manifest, fingerprint);
    }

    /** Maps and checks the shards of {@link #TRAIN} or {@link #VALIDATION}; a split without shards is empty. */
    public TokenSplit split(String name) throws IOException {
        SplitIndex index = index(name);
        index.openAll();
        List<TokenShard> shards = new ArrayList<>();
        try {
            for (ShardInfo shard : manifest.shards(name)) {
                shards.add(new TokenShard(store, directory, shard, manifest.vocabSize()));
            }
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw missing(store, directory, e);
        }
        return new TokenSplit(index, shards);
    }

    /** Checks that the files of all shards are there in full length, without reading them; much cheaper than {@link #split}. */
    public void checkLengths() throws IOException {
        try {
            for (ShardInfo shard : manifest.shards()) {
                String path = CorpusManifest.path(directory, shard.name());
                for (Map.Entry<String, FileDigest> file : shard.files().entrySet()) {
                    MappedFile.requireLength(store, path + file.getKey(), file.getValue());
                }
            }
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw missing(store, directory, e);
        }
    }

    private void checkTokenizer() {
        String where = store.root() + "/" + CorpusManifest.path(directory, CorpusManifest.TOKENIZER);
        if (!tokenizer.sha256().equals(manifest.tokenizerSha256())) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    where + ": its SHA-256 is " + tokenizer.sha256() + ", but the shards were made with tokenizer "
                            + manifest.tokenizerSha256()
                            + ". Put the right tokenizer back, or prepare the corpus again.");
        }
        if (!manifest.unicode().equals(UnicodeTable.VERSION) || manifest.vocabSize() != tokenizer.vocabSize()) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    where + ": the shards were made with Unicode " + manifest.unicode() + " and " + manifest.vocabSize()
                            + " ids; this program has Unicode " + UnicodeTable.VERSION + " and the tokenizer "
                            + tokenizer.vocabSize()
                            + " ids. Prepare the corpus again.");
        }
    }

    /** The error for a file of a corpus that is missing or cannot be read. */
    static PolyglowException unreadable(Store store, String directory, IOException cause) {
        if (cause instanceof NoSuchFileException || cause instanceof FileNotFoundException) {
            return missing(store, directory, cause);
        }
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "The corpus " + store.root() + "/" + directory + " cannot be read: " + cause.getMessage(),
                cause);
    }

    private static PolyglowException missing(Store store, String directory, IOException cause) {
        return new PolyglowException(
                ErrorKind.DATA,
                store.root() + (directory.isEmpty() ? "" : "/" + directory) + " is not a complete corpus: "
                        + cause.getMessage()
                        + " is missing. A corpus has manifest.json, tokenizer.json and the shards that the manifest lists; `prepare` makes one.",
                cause);
    }
}
