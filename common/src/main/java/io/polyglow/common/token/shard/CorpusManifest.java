package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.UnicodeTable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a corpus directory holds: {@code manifest.json}, written last, beside {@code tokenizer.json} and the shards.
 *
 * @param tokenizerSha256 of the file {@code tokenizer.json}
 * @param unicode version of the tables that cut the text
 * @param shards sorted by name; their documents, in this order, are the splits
 * @param sources the input files, as given by who prepared the corpus
 * @param takedowns the end of the chain of take-downs
 */
public record CorpusManifest(
        TokenType type,
        int vocabSize,
        String tokenizerSha256,
        String unicode,
        List<ShardInfo> shards,
        List<SourceFile> sources,
        Takedowns.Chain takedowns) {
    /** Name of the file in a corpus directory. */
    public static final String FILE = "manifest.json";

    /** Name of the tokenizer in a corpus directory. */
    public static final String TOKENIZER = "tokenizer.json";

    /** Name of the page in a corpus directory that shows what the corpus is made of, with samples of its texts. */
    public static final String REPORT = "report.html";

    /** Name of the same numbers without samples, as Markdown. */
    public static final String CARD = "DATACARD.md";

    private static final String FORMAT = "polyglow-tokens";
    private static final int VERSION = 1;
    private static final int MAX_BYTES = 256 << 20;
    private static final int BYTES_BESIDE_A_PATH = 132;
    private static final Set<String> NAMES = Set.of(
            "format",
            "version",
            "dtype",
            "vocab_size",
            "tokenizer_sha256",
            "unicode",
            "documents",
            "tokens",
            "fingerprint",
            "languages",
            "shards",
            "sources",
            "takedowns");

    /** Keeps the shards sorted by name, each once, all of one type. */
    public CorpusManifest {
        shards = shards.stream().sorted(Comparator.comparing(ShardInfo::name)).toList();
        sources = List.copyOf(sources);
        Set<String> names = new HashSet<>();
        for (ShardInfo shard : shards) {
            if (!names.add(shard.name()) || shard.type() != type) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "Shard " + shard.name() + " is listed twice, or its ids are not " + type
                                + " like the corpus's.");
            }
        }
    }

    /** The manifest of shards made with a tokenizer. */
    public static CorpusManifest of(Tokenizer tokenizer, List<ShardInfo> shards, List<SourceFile> sources) {
        int vocabSize = tokenizer.vocabSize();
        return new CorpusManifest(
                TokenType.forVocabulary(vocabSize),
                vocabSize,
                tokenizer.sha256(),
                UnicodeTable.VERSION,
                shards,
                sources,
                Takedowns.Chain.NONE);
    }

    /** The same corpus with other shards. */
    CorpusManifest withShards(List<ShardInfo> others) {
        return new CorpusManifest(type, vocabSize, tokenizerSha256, unicode, others, sources, takedowns);
    }

    /** The same corpus after take-downs, whose tombstones lie beside it; see {@link Takedowns#copyTo}. */
    public CorpusManifest withTakedowns(Takedowns.Chain chain) {
        return new CorpusManifest(type, vocabSize, tokenizerSha256, unicode, shards, sources, chain);
    }

    /** The same corpus, without where it comes from and what became of it. */
    CorpusManifest withoutSources() {
        return new CorpusManifest(type, vocabSize, tokenizerSha256, unicode, shards, List.of(), Takedowns.Chain.NONE);
    }

    /** An error if these input files alone are too many to be listed in a manifest: to be told before the work, not after it. */
    public static void requireRoom(List<SourceFile> sources) {
        long bytes = 0;
        for (SourceFile source : sources) {
            bytes += BYTES_BESIDE_A_PATH + source.path().length();
        }
        requireShort(bytes, sources.size());
    }

    private static void requireShort(long bytes, int sources) {
        if (bytes > MAX_BYTES) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    String.format(
                            Locale.ROOT,
                            "The manifest of the corpus would list %,d input files in %,d bytes; no reader takes more than %,d."
                                    + " Join the inputs into fewer files (JSON Lines, Parquet and WARC hold many documents"
                                    + " each), or prepare parts of them as corpora of their own.",
                            sources,
                            bytes,
                            MAX_BYTES));
        }
    }

    /** Documents of all splits. */
    public long documents() {
        return shards.stream().mapToLong(ShardInfo::documents).sum();
    }

    /** Tokens of all splits. */
    public long tokens() {
        return shards.stream().mapToLong(ShardInfo::tokens).sum();
    }

    /** Counts per language over all splits, sorted by language. */
    public List<LanguageCount> languages() {
        return LanguageCount.sum(
                shards.stream().flatMap(shard -> shard.languages().stream()).toList());
    }

    /** Tokens of one split. */
    public long tokens(String split) {
        return shards(split).stream().mapToLong(ShardInfo::tokens).sum();
    }

    /** The shards of one split, in order. */
    public List<ShardInfo> shards(String split) {
        return shards.stream().filter(shard -> shard.split().equals(split)).toList();
    }

    /** SHA-256 over tokenizer and contents: equal for equal token streams wherever they lie, different for any difference. */
    public String fingerprint() {
        MessageDigest digest = DigestingOutput.newSha256();
        update(digest, TOKENIZER + " " + tokenizerSha256);
        for (ShardInfo shard : shards) {
            update(digest, shard.name() + ".bin " + shard.bin().sha256());
            update(digest, shard.name() + ".idx " + shard.idx().sha256());
            update(digest, shard.name() + ".lang " + shard.lang().sha256());
            shard.languages().forEach(count -> update(digest, count.language()));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** What {@code inspect} prints of a corpus: one object with documents, tokens, tokenizer_sha256, fingerprint, languages and more. */
    public JsonObject summary() {
        return new JsonObject()
                .put("documents", documents())
                .put("tokens", tokens())
                .put("dtype", type.toString())
                .put("vocab_size", vocabSize)
                .put("tokenizer_sha256", tokenizerSha256)
                .put("unicode", unicode)
                .put("fingerprint", fingerprint())
                .put("languages", LanguageCount.json(languages()));
    }

    /**
     * Writes or replaces {@code tokenizer.json}, then {@code manifest.json}, durable both, in the directory that already holds the shards. Nothing is written when
     * no reader would take the manifest.
     */
    public void write(Store store, String directory, Tokenizer tokenizer) throws IOException {
        byte[] manifest = encode();
        Stores.rewrite(store, path(directory, TOKENIZER), tokenizer.json());
        Stores.rewrite(store, path(directory, FILE), manifest);
    }

    /** Atomically replaces {@code manifest.json}. */
    void rewrite(Store store, String directory) throws IOException {
        Stores.rewrite(store, path(directory, FILE), encode());
    }

    /** The bytes of {@code manifest.json}, as many as a reader takes. */
    byte[] encode() {
        requireRoom(sources);
        byte[] bytes = Json.pretty(json()).getBytes(StandardCharsets.UTF_8);
        requireShort(bytes.length, sources.size());
        return bytes;
    }

    /** Reads and checks {@code manifest.json} of a corpus directory, nothing else. */
    public static CorpusManifest read(Store store, String directory) throws IOException {
        return readFile(store, path(directory, FILE));
    }

    static CorpusManifest readFile(Store store, String path) throws IOException {
        try (InputStream in = store.open(path, 0)) {
            return parse(Json.parseObject(store.root() + "/" + path, in, MAX_BYTES));
        }
    }

    static String path(String directory, String name) {
        return directory.isEmpty() ? name : directory + "/" + name;
    }

    /** The bytes of {@code manifest.json} as an object. */
    JsonObject json() {
        List<JsonObject> shardObjects = new ArrayList<>();
        shards.forEach(shard -> shardObjects.add(shard.json()));
        JsonObject json = new JsonObject().put("format", FORMAT).put("version", VERSION);
        JsonObject summary = summary();
        summary.names().forEach(name -> json.put(name, summary.get(name)));
        json.put("shards", shardObjects).put("sources", SourceFile.json(sources));
        if (takedowns.count() > 0) {
            json.put(
                    "takedowns",
                    new JsonObject().put("count", takedowns.count()).put("last_sha256", takedowns.sha256()));
        }
        return json;
    }

    private static CorpusManifest parse(JsonObject json) {
        if (!json.getString("format").equals(FORMAT) || json.getLong("version") != VERSION) {
            throw json.problem(
                    "version", "this program reads format \"" + FORMAT + "\", version " + VERSION + " only.");
        }
        json.refuseUnknown(NAMES);
        CorpusManifest manifest = new CorpusManifest(
                TokenType.named(json.getString("dtype")),
                json.getInt("vocab_size", 1, Integer.MAX_VALUE),
                json.getString("tokenizer_sha256"),
                json.getString("unicode"),
                json.getArray("shards").objects().stream().map(ShardInfo::parse).toList(),
                SourceFile.parse(json.getArray("sources")),
                takedowns(json));
        if (!manifest.fingerprint().equals(json.getString("fingerprint"))) {
            throw json.problem(
                    "fingerprint",
                    "is not that of the shards listed: the manifest was edited or mixed up. Prepare the corpus again.");
        }
        return manifest;
    }

    private static Takedowns.Chain takedowns(JsonObject json) {
        if (!json.has("takedowns")) {
            return Takedowns.Chain.NONE;
        }
        JsonObject chain = json.getObject("takedowns");
        return new Takedowns.Chain(chain.getInt("count", 1, Integer.MAX_VALUE), chain.getString("last_sha256"));
    }

    private static void update(MessageDigest digest, String line) {
        digest.update((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
