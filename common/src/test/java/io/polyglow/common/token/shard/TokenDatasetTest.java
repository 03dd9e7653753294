package io.polyglow.common.token.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.Tokenizers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole corpora: written, read back, and damaged in every way that can be told. */
class TokenDatasetTest {
    private static final ByteLevelBpe TOKENIZER = Tokenizers.multilingual();
    private static final String[] LANGUAGES = {"deu", "cmn", "swh"};

    @TempDir
    private Path folder;

    private Store store;

    @BeforeEach
    void open() {
        store = new LocalStore(folder);
    }

    @Property(tries = 100)
    void shouldReadBackAnyRangeWhenDocumentsLieInManyShards(
            @ForAll @Size(max = 30) List<@Size(max = 40) List<@IntRange(max = 2047) Integer>> documents,
            @ForAll @IntRange(min = 1, max = 7) int documentsPerShard,
            @ForAll @IntRange(max = 1000) int at,
            @ForAll @IntRange(max = 1000) int count)
            throws IOException {
        Store memory = new MemoryStore();
        List<int[]> arrays = new ArrayList<>();
        documents.forEach(ids -> arrays.add(ids.stream().mapToInt(id -> id).toArray()));
        write(memory, "corpus", arrays, documentsPerShard);
        TokenSplit split = TokenDataset.open(memory, "corpus").split(TokenDataset.TRAIN);
        int[] all = arrays.stream().flatMapToInt(Arrays::stream).toArray();
        assertThat(split.tokens()).isEqualTo(all.length);
        assertThat(split.documents()).isEqualTo(documents.size());
        int start = Math.min(at, all.length);
        int[] range = new int[Math.min(count, all.length - start)];
        split.tokens(start, range.length, range);
        assertThat(range).isEqualTo(Arrays.copyOfRange(all, start, start + range.length));
        long next = 0;
        for (int d = 0; d < arrays.size(); d++) {
            assertThat(split.documentStart(d)).isEqualTo(next);
            assertThat(split.language(d)).isEqualTo(LANGUAGES[d % 3]);
            assertThat(split.index().id(d)).isEqualTo(new DocumentId(7, d));
            assertThat(split.index().copy(d)).isEqualTo(d % documentsPerShard % 2);
            for (long token = next; token < next + arrays.get(d).length; token++) {
                assertThat(split.index().documentAt(token)).isEqualTo(d);
            }
            next += arrays.get(d).length;
        }
        assertThat(split.documentStart(arrays.size())).isEqualTo(next);
    }

    @Test
    void shouldSumUpTheCorpusWhenAsked() throws IOException {
        writeSample();
        CorpusManifest manifest = CorpusManifest.read(store, "corpus");
        assertThat(manifest.summary().getLong("documents")).isEqualTo(5);
        assertThat(manifest.summary().getLong("tokens")).isEqualTo(15);
        assertThat(manifest.summary().getString("tokenizer_sha256")).isEqualTo(TOKENIZER.sha256());
        assertThat(manifest.summary().getString("fingerprint")).matches("[0-9a-f]{64}");
        assertThat(manifest.languages())
                .containsExactly(
                        new LanguageCount("cmn", 2, 200, 7),
                        new LanguageCount("deu", 2, 200, 5),
                        new LanguageCount("swh", 1, 100, 3));
        assertThat(manifest.sources()).containsExactly(new SourceFile("a.html", 10, "00"));
    }

    @Test
    void shouldKeepTheFingerprintWhenTheCorpusMovesAndChangeItWhenATokenDoes() throws IOException {
        write(store, "one", sample(), 2);
        write(store, "two", sample(), 2);
        List<int[]> other = sample();
        other.get(3)[0]++;
        write(store, "three", other, 2);
        String fingerprint = CorpusManifest.read(store, "one").fingerprint();
        assertThat(CorpusManifest.read(store, "two").fingerprint()).isEqualTo(fingerprint);
        assertThat(CorpusManifest.read(store, "three").fingerprint()).isNotEqualTo(fingerprint);
    }

    /** What an older version wrote, byte for byte. */
    @Test
    void shouldReadACorpusThatDoesNotTellItsDocuments() throws Exception {
        Path old = Path.of(Objects.requireNonNull(getClass().getResource("corpus-without-docs"))
                .toURI());
        TokenDataset corpus = TokenDataset.open(new LocalStore(old), "");
        TokenSplit train = corpus.split(TokenDataset.TRAIN);

        corpus.checkLengths();
        int[] tokens = new int[(int) train.documentStart(1)];
        train.tokens(0, tokens.length, tokens);
        assertThat(new String(corpus.tokenizer().decode(tokens, 0, tokens.length), StandardCharsets.UTF_8))
                .isEqualTo("eins zwei drei");
        assertThat(train.language(1)).isEqualTo("fra");
        assertThat(corpus.manifest().fingerprint())
                .isEqualTo("cd1b6b8d28c173c0c61ca6f28bbeb34f3f0bd5e41065862c46349d80ad6f23b2");
        assertThat(train.index().hasIds()).isFalse();
        assertThatThrownBy(() -> train.index().id(0))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("train-00000 has no .docs file");
    }

    @Test
    void shouldRefuseWhenTheTableOfDocumentsIsAnother() throws IOException {
        writeSample();
        damage("train-00001.docs", bytes -> bytes.put(17, (byte) 1));
        assertRefused("train-00001.docs, bytes 0 to 56: damaged");
    }

    @Test
    void shouldRefuseWithFileAndByteWhenABitFlips() throws IOException {
        writeSample();
        damage("train-00001.bin", bytes -> bytes.put(3, (byte) (bytes.get(3) ^ 4)));
        assertRefused("train-00001.bin, bytes 0 to 12: damaged");
    }

    @Test
    void shouldNameTheBlockWhenALargeShardIsDamaged() throws IOException {
        int[] large = new int[2_000_000];
        write(store, "corpus", List.of(large), 1);
        damage("train-00000.bin", bytes -> bytes.put(3_000_000, (byte) 1));
        assertRefused("train-00000.bin, bytes 2097152 to 3145728: damaged");
    }

    @Test
    void shouldRefuseWithFileAndByteWhenAFileIsCutOff() throws IOException {
        writeSample();
        Path file = folder.resolve("corpus/train-00000.bin");
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 5));
        assertRefused("train-00000.bin, byte 5: the file has 5 bytes, the manifest says 10");
    }

    @Test
    void shouldRefuseWhenAShardIsMissing() throws IOException {
        writeSample();
        Files.delete(folder.resolve("corpus/train-00001.idx"));
        assertRefused("train-00001.idx is missing");
    }

    @Test
    void shouldRefuseWhenTheTokenizerIsAnother() throws IOException {
        writeSample();
        Files.write(
                folder.resolve("corpus/tokenizer.json"),
                Tokenizers.merging("a b").json());
        assertRefused("shards were made with tokenizer " + TOKENIZER.sha256());
    }

    @Test
    void shouldRefuseWhenNothingWasPrepared() {
        assertRefused("is not a complete corpus");
    }

    @Test
    void shouldWriteNoManifestThatNoReaderTakes() throws IOException {
        List<SourceFile> inputs = Collections.nCopies(2_000_000, new SourceFile("a.txt", 1, "0".repeat(64)));

        assertThatThrownBy(() -> CorpusManifest.of(TOKENIZER, List.of(), inputs).write(store, "corpus", TOKENIZER))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("would list 2,000,000 input files in 274,000,000 bytes")
                .hasMessageContaining("Join the inputs into fewer files");

        assertThat(store.exists("corpus")).isFalse();
    }

    @Test
    void shouldCountInputsNoLongerThanTheyAreInTheManifest() {
        SourceFile input = new SourceFile("a.txt", 1, "0".repeat(64));
        int none = CorpusManifest.of(TOKENIZER, List.of(), List.of()).encode().length;
        int thousand = CorpusManifest.of(TOKENIZER, List.of(), Collections.nCopies(1000, input))
                .encode()
                .length;

        assertThat(thousand - none).isBetween(137 * 1000, 138 * 1000);
    }

    @Test
    void shouldRefuseWhenTheManifestWasEdited() throws IOException {
        writeSample();
        edit("\"name\": \"train-00001\"", "\"name\": \"train-00009\"");
        assertRefused("$.fingerprint");
    }

    @Test
    void shouldRefuseWhenTheManifestIsTooNewOrNamesAPath() throws IOException {
        writeSample();
        edit("\"version\": 1", "\"version\": 2");
        assertRefused("$.version");
        edit("\"version\": 2", "\"version\": 1");
        edit("\"name\": \"train-00001\"", "\"name\": \"../train-00001\"");
        assertRefused("$.shards[1].name");
    }

    /** Damage to the manifest is a DATA error, or it changes nothing that a reader relies on; it never crashes a reader. */
    @Test
    void shouldRefuseOrReadTheSameWhenAnyByteOfTheManifestChanges() throws IOException {
        writeSample();
        Path file = folder.resolve("corpus/manifest.json");
        byte[] good = Files.readAllBytes(file);
        int refused = 0;
        for (int at = 0; at < good.length; at += 7) {
            byte[] bad = good.clone();
            bad[at] ^= 0x11;
            Files.write(file, bad);
            refused += isRefused() ? 1 : 0;
        }
        assertThat(refused).isGreaterThan(good.length / 7 / 4);
    }

    private boolean isRefused() throws IOException {
        try {
            int[] tokens = new int[15];
            TokenDataset.open(store, "corpus").split(TokenDataset.TRAIN).tokens(0, 15, tokens);
            assertThat(tokens).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 2047, 11, 12, 13, 14);
            return false;
        } catch (PolyglowException e) {
            assertThat(e.kind()).isEqualTo(ErrorKind.DATA);
            return true;
        }
    }

    /** A shard written by somebody else, with good check sums over bad contents. */
    @Test
    void shouldRefuseWithFileAndByteWhenAnIdIsBeyondTheVocabulary() throws IOException {
        write(store, "corpus", List.of(new int[] {1, 2}, new int[] {3, 2048, 4}), 2);
        assertRefused("train-00000.bin, byte 6: token id 2048 is outside of [0, 2048)");
    }

    @Test
    void shouldRefuseWithFileAndByteWhenTheIndexIsInconsistent() throws IOException {
        for (int at = 0; at < MegatronIndex.bytes(3); at++) {
            int position = at;
            List<int[]> documents = List.of(new int[] {1, 2}, new int[] {3}, new int[] {4, 5});
            ShardInfo info = writeShard(new MemoryStore(), "corpus", "train-00000", documents, 0);
            ByteBuffer index = index(documents);
            index.put(position, (byte) (index.get(position) ^ 0x40));
            assertThatThrownBy(() -> new MegatronIndex("x.idx", index, info))
                    .as("byte %d", position)
                    .isInstanceOf(PolyglowException.class)
                    .hasMessageStartingWith("x.idx, byte ");
        }
    }

    private static ByteBuffer index(List<int[]> documents) throws IOException {
        MemoryStore memory = new MemoryStore();
        writeShard(memory, "corpus", "train-00000", documents, 0);
        byte[] bytes = Stores.read(memory, "corpus/train-00000.idx", 1 << 20);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> TokenDataset.open(store, "corpus").split(TokenDataset.TRAIN))
                .isInstanceOfSatisfying(PolyglowException.class, e -> {
                    assertThat(e.kind()).isEqualTo(ErrorKind.DATA);
                    assertThat(e).hasMessageContaining(message);
                });
    }

    private void damage(String name, Consumer<ByteBuffer> change) throws IOException {
        Path file = folder.resolve("corpus").resolve(name);
        byte[] bytes = Files.readAllBytes(file);
        change.accept(ByteBuffer.wrap(bytes));
        Files.write(file, bytes);
    }

    private void edit(String from, String to) throws IOException {
        Path file = folder.resolve("corpus/manifest.json");
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.write(file, text.replace(from, to).getBytes(StandardCharsets.UTF_8));
    }

    private void writeSample() throws IOException {
        write(store, "corpus", sample(), 2);
    }

    private static List<int[]> sample() {
        return List.of(new int[] {1, 2}, new int[] {3, 4, 5}, new int[] {6, 7, 8}, new int[] {9, 10, 2047}, new int[] {
            11, 12, 13, 14
        });
    }

    private static void write(Store store, String directory, List<int[]> documents, int perShard) throws IOException {
        List<ShardInfo> shards = new ArrayList<>();
        for (int first = 0; first < documents.size(); first += perShard) {
            String name = String.format("train-%05d", shards.size());
            List<int[]> part = documents.subList(first, Math.min(documents.size(), first + perShard));
            shards.add(writeShard(store, directory, name, part, first));
        }
        CorpusManifest.of(TOKENIZER, shards, List.of(new SourceFile("a.html", 10, "00")))
                .write(store, directory, TOKENIZER);
    }

    private static ShardInfo writeShard(Store store, String directory, String name, List<int[]> documents, int first)
            throws IOException {
        try (TokenShardWriter writer = TokenShardWriter.create(store, directory, name, TokenType.UINT16)) {
            for (int d = 0; d < documents.size(); d++) {
                ShardEntry entry = new ShardEntry(new DocumentId(7, first + d), d % 2, LANGUAGES[(first + d) % 3], 100);
                writer.append(entry, documents.get(d), 0, documents.get(d).length);
            }
            return writer.finish();
        }
    }
}
