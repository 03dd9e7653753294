package io.polyglow.common.token.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.Tokenizers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TakedownTest {
    private static final ByteLevelBpe TOKENIZER = Tokenizers.merging();
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final String CORPUS = "corpus";

    private final MemoryStore store = new MemoryStore();

    @Test
    void shouldRewriteOnlyTheShardsThatHoldTheDocumentsAndLeaveATombstone() throws IOException {
        write(store);
        CorpusManifest before = CorpusManifest.read(store, CORPUS);

        Tombstone tombstone = takeDown(store, 5, 25);

        CorpusManifest after = CorpusManifest.read(store, CORPUS);
        assertThat(after.shards())
                .extracting(ShardInfo::name)
                .containsExactly("train-00000.1", "train-00001", "train-00002.1", "validation-00000");
        assertThat(after.shards("train").get(1))
                .isEqualTo(before.shards("train").get(1));
        assertThat(store.exists("corpus/train-00000.bin")).isFalse();
        assertThat(store.exists("corpus/report.html")).isFalse();
        assertThat(store.exists("corpus/DATACARD.md")).isFalse();
        assertThat(texts(store)).isEqualTo(textsWithout(5, 25));
        assertThat(after.documents()).isEqualTo(before.documents() - 2);
        int removed = textOf(5).length() + textOf(25).length();
        assertThat(bytes(after)).isEqualTo(bytes(before) - removed);
        assertThat(tombstone.oldFingerprint()).isEqualTo(before.fingerprint());
        assertThat(tombstone.newFingerprint()).isEqualTo(after.fingerprint()).isNotEqualTo(before.fingerprint());
        assertThat(tombstone.shards()).containsExactly("train-00000", "train-00002");
        assertThat(tombstone.time()).isEqualTo("2026-01-02T03:04:05Z");
    }

    @Test
    void shouldChainTombstonesAndTellWhatIsGone() throws IOException {
        write(store);
        Tombstone first = takeDown(store, 5);
        Tombstone second = takeDown(store, 6, 31);

        Takedowns takedowns = Takedowns.read(store, CORPUS);

        assertThat(takedowns.tombstones()).containsExactly(first, second);
        assertThat(takedowns.names()).containsExactlyInAnyOrder("hash 5", "hash 6", "hash 31");
        assertThat(takedowns.after(first.newFingerprint())).contains(second);
        assertThat(takedowns.after(second.newFingerprint())).isEmpty();
        assertThat(CorpusManifest.read(store, CORPUS).shards().get(0).name()).isEqualTo("train-00000.2");
        assertThat(texts(store)).isEqualTo(textsWithout(5, 6, 31));
        takedowns.copyTo(store, "copy");
        assertThat(Stores.read(store, "copy/takedown/0002.json", 1 << 20))
                .isEqualTo(Stores.read(store, "corpus/takedown/0002.json", 1 << 20));
        assertThat(Takedowns.read(store, "nowhere").tombstones()).isEmpty();
    }

    @Test
    void shouldNameADocumentByItsIdOnlyWhereItsTextIsNotKnown() throws IOException {
        write(store);
        Takedown.run(
                store,
                CORPUS,
                List.of(new Tombstone.Taken(id(5), null), new Tombstone.Taken(id(6), "hash 6")),
                "asked by a test",
                NOW);

        assertThat(Takedowns.read(store, CORPUS).names()).containsExactlyInAnyOrder(id(5).toString(), "hash 6");
    }

    @Test
    void shouldRefuseAChainThatWasTamperedWith() throws IOException {
        write(store);
        takeDown(store, 5);
        takeDown(store, 6);
        String path = "corpus/takedown/0001.json";
        byte[] original = Stores.read(store, path, 1 << 20);
        String changed = new String(original, StandardCharsets.UTF_8).replace("asked", "Asked");
        Stores.rewrite(store, path, changed.getBytes(StandardCharsets.UTF_8));
        assertRefused("takedown/0002.json: it does not follow the one before it");
        store.delete(path);
        assertRefused("takedown/0001.json: it is missing");
    }

    @Test
    void shouldDropAShardThatHeldNothingElse() throws IOException {
        write(store);
        takeDown(store, IntStream.range(30, 40).toArray());
        assertThat(CorpusManifest.read(store, CORPUS).shards("validation")).isEmpty();
        assertThat(store.exists("corpus/validation-00000.1.bin")).isFalse();
        assertThat(texts(store)).isEqualTo(textsWithout(IntStream.range(30, 40).toArray()));
    }

    @Test
    void shouldRefuseWhenNoShardHoldsADocumentAndNothingIsKnownOfIt() throws IOException {
        write(store);
        List<Tombstone.Taken> mistyped = List.of(new Tombstone.Taken(id(77), null));
        assertThatThrownBy(() -> Takedown.run(store, CORPUS, mistyped, "asked by a test", NOW))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining("holds any of the 1 documents");
        assertThat(Takedowns.read(store, CORPUS).tombstones()).isEmpty();
    }

    @Test
    void shouldRecordAKnownTextThatNoShardHoldsAndRewriteNothing() throws IOException {
        write(store);
        CorpusManifest before = CorpusManifest.read(store, CORPUS);

        Tombstone recorded = takeDown(store, 77);
        Tombstone next = takeDown(store, 5);

        assertThat(recorded.shards()).isEmpty();
        assertThat(recorded.newFingerprint()).isEqualTo(before.fingerprint());
        Takedowns takedowns = Takedowns.read(store, CORPUS);
        assertThat(takedowns.names()).containsExactlyInAnyOrder("hash 77", "hash 5");
        assertThat(takedowns.after(before.fingerprint())).contains(next);
        assertThat(texts(store)).isEqualTo(textsWithout(5));
        assertThatThrownBy(() -> takeDown(store, 5, 77)).hasMessageContaining("were taken down before");
    }

    @Test
    void shouldTellTakedownsAsTheyWere() throws IOException {
        write(store);
        takeDown(store, 5);
        Takedowns one = Takedowns.read(store, CORPUS);
        takeDown(store, 6);
        Takedowns both = Takedowns.read(store, CORPUS);

        assertThat(both.first(0).chain()).isEqualTo(Takedowns.Chain.NONE);
        assertThat(both.first(1)).isEqualTo(one);
        assertThat(both.first(2)).isEqualTo(both);
        assertThat(both.of(Set.of(id(6), id(7))))
                .containsExactly(Map.entry(id(6), both.tombstones().get(1)));
    }

    @Test
    void shouldTellWhereDocumentsStoodBeforeEveryTakedown() throws IOException {
        write(store);
        String first = CorpusManifest.read(store, CORPUS).fingerprint();
        String second = takeDown(store, 5).newFingerprint();
        String third = takeDown(store, 6, 25).newFingerprint();
        takeDown(store, 7);

        assertThat(trainIds(first)).isEqualTo(idsWithout());
        assertThat(trainIds(second)).isEqualTo(idsWithout(5));
        assertThat(trainIds(third)).isEqualTo(idsWithout(5, 6, 25));
        assertThat(TokenDataset.open(store, CORPUS).as("another")).isEmpty();
        assertThat(store.list("corpus/former"))
                .extracting(Store.Entry::name)
                .noneMatch(name -> name.endsWith(".bin"))
                .contains("train-00000.idx", "train-00000.lang", "train-00000.docs", first + ".json");
    }

    private List<DocumentId> trainIds(String fingerprint) throws IOException {
        CorpusIndex corpus = TokenDataset.open(store, CORPUS).as(fingerprint).orElseThrow();
        assertThat(corpus.fingerprint()).isEqualTo(fingerprint);
        SplitIndex train = corpus.index(TokenDataset.TRAIN);
        return LongStream.range(0, train.documents()).mapToObj(train::id).toList();
    }

    private static List<DocumentId> idsWithout(int... documents) {
        return IntStream.range(0, 30)
                .filter(d -> IntStream.of(documents).noneMatch(gone -> gone == d))
                .mapToObj(TakedownTest::id)
                .toList();
    }

    @Test
    void shouldRefuseMoreDocumentsThanATombstoneCanListAndTakeNoneOut() throws IOException {
        write(store);
        List<Tombstone.Taken> many = IntStream.rangeClosed(0, Takedowns.MAX_DOCUMENTS)
                .mapToObj(d -> new Tombstone.Taken(id(d), null))
                .toList();

        assertThatThrownBy(() -> Takedown.run(store, CORPUS, many, "asked by a test", NOW))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("1,500,001 documents are too many")
                .hasMessageContaining("in several take-downs");

        assertThat(texts(store)).isEqualTo(textsWithout());
    }

    @Test
    void shouldCountWithTombstonesThatListAsManyDocumentsAsTheyMay() {
        int documents = 1000;
        List<Tombstone.Taken> taken = IntStream.range(0, documents)
                .mapToObj(d -> new Tombstone.Taken(id(d), "0".repeat(64)))
                .toList();
        long bytes = new Tombstone(1, NOW.toString(), "", taken, "", "", List.of(), "").encode().length;

        assertThat(bytes * (Takedowns.MAX_DOCUMENTS / documents)).isBetween(200L << 20, 230L << 20);
    }

    /** They take more than what a JSON document has by default. */
    @Test
    void shouldReadATombstoneOfManyDocuments() {
        List<Tombstone.Taken> taken = IntStream.range(0, 150_000)
                .mapToObj(d -> new Tombstone.Taken(id(d), "0".repeat(64)))
                .toList();
        byte[] file = new Tombstone(1, NOW.toString(), "", taken, "", "", List.of(), "").encode();

        assertThat(file.length).isGreaterThan(Json.MAX_BYTES);
        assertThat(Tombstone.parse("tombstone", file).documents()).isEqualTo(taken);
    }

    @Test
    void shouldNotOverwriteTheTombstoneOfATakedownThatEndedMeanwhile() throws IOException {
        write(store);
        List<Tombstone.Taken> seenLate = new AbstractList<>() {
            @Override
            public Tombstone.Taken get(int at) {
                try {
                    takeDown(store, 77);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return new Tombstone.Taken(id(5), "hash 5");
            }

            @Override
            public int size() {
                return 1;
            }
        };

        assertThatThrownBy(() -> Takedown.run(store, CORPUS, seenLate, "asked by a test", NOW))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.FENCED))
                .hasMessageContaining("changed by another process");

        assertThat(Takedowns.read(store, CORPUS).names()).containsExactly("hash 77");
        assertThat(texts(store)).isEqualTo(textsWithout());
    }

    /** Power fails at every single operation in turn. */
    @Test
    void shouldLeaveTheOldCorpusOrTheNewOneWhenTheProcessIsKilledAnywhere() throws IOException {
        MemoryStore undisturbed = new MemoryStore();
        write(undisturbed);
        int from = undisturbed.operations();
        String old = CorpusManifest.read(undisturbed, CORPUS).fingerprint();
        takeDown(undisturbed, 5, 25);
        String revised = CorpusManifest.read(undisturbed, CORPUS).fingerprint();
        int changes = 0;
        for (int operation = from + 1; operation <= undisturbed.operations(); operation++) {
            MemoryStore killed = new MemoryStore();
            write(killed);
            killed.haltAt(operation);
            assertThatThrownBy(() -> takeDown(killed, 5, 25)).isInstanceOf(IOException.class);
            killed.crash(operation % 2);

            String found = CorpusManifest.read(killed, CORPUS).fingerprint();
            assertThat(found).isIn(old, revised);
            assertThat(found.equals(revised) && killed.exists("corpus/report.html"))
                    .isFalse();
            changes += found.equals(revised) ? 1 : 0;
            TokenDataset.open(killed, CORPUS).checkLengths();
            assertThat(Takedowns.read(killed, CORPUS).tombstones()).hasSize(found.equals(old) ? 0 : 1);
            if (operation % 5 == 0) {
                goesOn(killed, found.equals(old), files(undisturbed), revised);
            }
        }
        assertThat(changes).isPositive();
    }

    /** Reads every byte of what a killed take-down left, and finishes it. */
    private static void goesOn(Store killed, boolean isOld, List<String> files, String revised) throws IOException {
        assertThat(texts(killed)).isEqualTo(isOld ? textsWithout() : textsWithout(5, 25));
        if (isOld) {
            takeDown(killed, 5, 25);
        }
        Takedown.clean(killed, CORPUS);
        assertThat(CorpusManifest.read(killed, CORPUS).fingerprint()).isEqualTo(revised);
        assertThat(files(killed)).isEqualTo(files);
    }

    private static Tombstone takeDown(Store store, int... documents) throws IOException {
        List<Tombstone.Taken> taken = IntStream.of(documents)
                .mapToObj(d -> new Tombstone.Taken(id(d), "hash " + d))
                .toList();
        return Takedown.run(store, CORPUS, taken, "asked by a test", NOW);
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Takedowns.read(store, CORPUS))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA))
                .hasMessageContaining(message);
    }

    private static List<String> files(Store store) throws IOException {
        return store.list(CORPUS).stream().map(Store.Entry::path).toList();
    }

    private static long bytes(CorpusManifest manifest) {
        return manifest.languages().stream().mapToLong(LanguageCount::bytes).sum();
    }

    private static List<String> textsWithout(int... documents) {
        return IntStream.range(0, 40)
                .filter(d -> IntStream.of(documents).noneMatch(gone -> gone == d))
                .mapToObj(TakedownTest::textOf)
                .toList();
    }

    private static List<String> texts(Store store) throws IOException {
        TokenDataset corpus = TokenDataset.open(store, CORPUS);
        List<String> texts = new ArrayList<>();
        for (String name : List.of("train", "validation")) {
            TokenSplit split = corpus.split(name);
            for (long d = 0; d < split.documents(); d++) {
                int[] ids = new int[(int) (split.documentStart(d + 1) - split.documentStart(d))];
                split.tokens(split.documentStart(d), ids.length, ids);
                texts.add(new String(TOKENIZER.decode(ids, 0, ids.length), StandardCharsets.UTF_8));
            }
        }
        return texts;
    }

    private static DocumentId id(int document) {
        return new DocumentId(3, document);
    }

    private static String textOf(int document) {
        return "document number " + document;
    }

    /** Forty documents in four shards. */
    private static void write(Store store) throws IOException {
        List<ShardInfo> shards = new ArrayList<>();
        for (int first = 0; first < 40; first += 10) {
            String name = first < 30 ? "train-0000" + first / 10 : "validation-00000";
            try (TokenShardWriter writer = TokenShardWriter.create(store, CORPUS, name, TokenType.UINT16)) {
                for (int d = first; d < first + 10; d++) {
                    int[] ids = TOKENIZER.encode(textOf(d));
                    String language = d % 2 == 0 ? "deu" : "swh";
                    writer.append(new ShardEntry(id(d), 0, language, textOf(d).length()), ids, 0, ids.length);
                }
                shards.add(writer.finish());
            }
        }
        Stores.rewrite(store, "corpus/report.html", textOf(5).getBytes(StandardCharsets.UTF_8));
        Stores.rewrite(store, "corpus/DATACARD.md", "40 documents".getBytes(StandardCharsets.UTF_8));
        CorpusManifest.of(TOKENIZER, shards, List.of()).write(store, CORPUS, TOKENIZER);
    }
}
