package io.polyglow.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import io.polyglow.common.store.MemoryStore;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.Tokenizers;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.DocumentId;
import io.polyglow.common.token.shard.ShardEntry;
import io.polyglow.common.token.shard.SplitIndex;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenShardWriter;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.common.token.shard.TokenType;
import io.polyglow.trainer.loop.TestCorpus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DataOrderTest {
    @Property(tries = 200)
    void shouldPermute(@ForAll @IntRange(min = 1, max = 5000) int size, @ForAll long seed) {
        Permutation permutation = new Permutation(size, RandomStream.of(seed, "test", 0));
        BitSet seen = new BitSet();
        for (int i = 0; i < size; i++) {
            seen.set(Math.toIntExact(permutation.apply(i)));
        }
        assertThat(seen.cardinality()).isEqualTo(size);
        assertThat(seen.length()).isEqualTo(size);
    }

    @Property(tries = 100)
    void shouldSeeEveryWindowOnceInEveryEpoch(
            @ForAll @IntRange(min = 1, max = 40) int T, @ForAll @IntRange(min = 1, max = 3000) int extra) {
        ConcatOrder order = new ConcatOrder("fingerprint", 3, T + extra, T, null);
        for (int epoch = 0; epoch < 3; epoch++) {
            long lowest = Long.MAX_VALUE;
            BitSet windows = new BitSet();
            for (long i = epoch * order.samplesPerEpoch(); i < (epoch + 1) * order.samplesPerEpoch(); i++) {
                long first = order.firstToken(i);
                assertThat(first).isBetween(0L, (long) extra - 1);
                lowest = Math.min(lowest, first);
                windows.set((int) (first / T));
            }
            assertThat(windows.cardinality()).isEqualTo((int) order.samplesPerEpoch());
            assertThat(lowest).as("phase").isLessThan(T);
        }
    }

    @Test
    void shouldNotDependOnWhatWasAskedBefore() {
        ConcatOrder one = new ConcatOrder("f", 1, 10_000, 16, null);
        ConcatOrder other = new ConcatOrder("f", 1, 10_000, 16, null);
        other.firstToken(5_000);
        for (long i = 700; i >= 0; i--) {
            assertThat(one.firstToken(i)).isEqualTo(other.firstToken(i));
        }
    }

    @Test
    void shouldDifferWhenSeedOrCorpusOrEpochDiffers() {
        ConcatOrder order = new ConcatOrder("f", 1, 100_000, 16, null);
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(new ConcatOrder("f", 2, 100_000, 16, null), 0));
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(new ConcatOrder("g", 1, 100_000, 16, null), 0));
        assertThat(firstSamples(order, 0)).isNotEqualTo(firstSamples(order, order.samplesPerEpoch()));
    }

    private static List<Long> firstSamples(ConcatOrder order, long from) {
        return LongStream.range(from, from + 20).map(order::firstToken).boxed().toList();
    }

    @Test
    void shouldRefuseWhenNoWindowFits() {
        assertThatThrownBy(() -> new ConcatOrder("f", 1, 64, 64, null))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("64 tokens")
                .hasMessageContaining("65");
        assertThat(new ConcatOrder("f", 1, 65, 64, null).samplesPerEpoch()).isEqualTo(1);
    }

    @Test
    void shouldSeeEveryTokenOfEveryDocumentOnceAnEpochWhenPacked() throws IOException {
        TokenSplit split = TestCorpus.of(3000).split(TokenDataset.TRAIN);
        int T = 16;
        DataOrder order = DataOrder.of("f", 1, split.index(), T, Packing.BEST_FIT, false);
        Sample sample = new Sample();
        for (int epoch = 0; epoch < 2; epoch++) {
            int[] targets = new int[(int) split.tokens()];
            for (long i = epoch * order.samplesPerEpoch(); i < (epoch + 1) * order.samplesPerEpoch(); i++) {
                order.get(i, sample);
                assertThat(sample.tokens()).isBetween(2, T + 1);
                assertThat(order.targets(i, 1)).isEqualTo(sample.tokens() - 1);
                for (int piece = 0; piece < sample.pieces(); piece++) {
                    for (int t = 1; t < sample.length(piece); t++) {
                        targets[(int) sample.firstToken(piece) + t]++;
                    }
                }
            }
            for (long d = 0; d < split.documents(); d++) {
                for (long t = split.documentStart(d) + 1; t < split.documentStart(d + 1); t++) {
                    assertThat(targets[(int) t]).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void shouldGiveEachPackedSampleTheSameWhateverWasAskedBefore() throws IOException {
        TokenSplit split = TestCorpus.of(3000).split(TokenDataset.TRAIN);
        DataOrder one = DataOrder.of("f", 1, split.index(), 16, Packing.BEST_FIT, false);
        DataOrder other = DataOrder.of("f", 1, split.index(), 16, Packing.BEST_FIT, false);
        DataOrder otherSeed = DataOrder.of("f", 2, split.index(), 16, Packing.BEST_FIT, false);
        MicroBatchReader reader = new MicroBatchReader(split, 2, 16, false);
        int same = 0;
        for (long i = 2 * one.samplesPerEpoch() - 2; i >= 0; i -= 2) {
            reader.read(one, i);
            int[] inputs = reader.inputs().clone();
            int[] targets = reader.targets().clone();
            reader.read(otherSeed, i);
            same += Arrays.equals(inputs, reader.inputs()) ? 1 : 0;
            reader.read(other, i);
            assertThat(reader.inputs()).isEqualTo(inputs);
            assertThat(reader.targets()).isEqualTo(targets);
            assertThat(Arrays.stream(targets).filter(target -> target >= 0).count())
                    .isEqualTo(one.targets(i, 2));
        }
        assertThat((double) same).isLessThan(0.1 * one.samplesPerEpoch());
    }

    /** Megatron-LM's example of a sample index ({@code megatron/core/datasets/readme.md}): document and offset where every sample of 1,024 tokens begins. */
    @Test
    void shouldBeginSamplesWhereMegatronsExampleDoes() throws IOException {
        SplitIndex split = split(1536, 1536, 300, 200, 224, 1300, 2100);
        ConcatOrder order = new ConcatOrder("f", seedWithoutPhase(split.tokens(), 1024), split.tokens(), 1024, null);
        assertThat(LongStream.range(0, order.samplesPerEpoch())
                        .map(order::firstToken)
                        .sorted()
                        .mapToObj(at -> split.documentAt(at) + "," + (at - split.documentStart(split.documentAt(at)))))
                .containsExactly("0,0", "0,1024", "1,512", "2,0", "5,300", "6,24");
    }

    /** datatrove's example ({@code utils/dataset.py}): documents that end at 3, 5 and 8, and positions that begin anew in each. */
    @Test
    void shouldCountPositionsAnewInEveryDocumentWhenMasked() throws IOException {
        SplitIndex split = split(3, 2, 3, 4);
        Sample sample = new Sample();
        sample.clear(true);
        sample.addByDocument(split, 0, 10);
        List<Integer> positions = new ArrayList<>();
        for (int piece = 0; piece < sample.pieces(); piece++) {
            for (int t = 0; t < sample.length(piece); t++) {
                positions.add(t);
            }
        }
        assertThat(positions).containsExactly(0, 1, 2, 0, 1, 0, 1, 2, 0, 1);
    }

    /** Sections of tiny Shakespeare that would have fitted a sequence, and are cut where sequences are cut from one stream. */
    @ParameterizedTest
    @CsvSource({"128, 2641, 1813", "256, 1321, 1144", "1024, 331, 320"})
    void shouldCutAsManyDocumentsAsMeasuredElsewhereWhenConcatenated(int timeSteps, int chunks, int cuts)
            throws IOException {
        int[] lengths = BestFitPackingTest.sections();
        long tokens = Arrays.stream(lengths).sum();
        ConcatOrder order = new ConcatOrder("f", seedWithoutPhase(tokens, timeSteps), tokens, timeSteps, null);
        BitSet borders = new BitSet();
        LongStream.range(0, order.samplesPerEpoch()).forEach(i -> borders.set((int) order.firstToken(i)));
        // the last window ends before the last whole chunk, for its targets; what is left belongs to none
        for (long at = order.samplesPerEpoch() * timeSteps; at < tokens; at += timeSteps) {
            borders.set((int) at);
        }
        int cut = 0;
        int start = 0;
        for (int length : lengths) {
            int border = borders.nextSetBit(start + 1);
            cut += length <= timeSteps && border > 0 && border < start + length ? 1 : 0;
            start += length;
        }
        assertThat(borders.cardinality()).isEqualTo(chunks);
        assertThat(cut).isEqualTo(cuts);
    }

    /** A seed whose first epoch begins with the first token. */
    private static long seedWithoutPhase(long tokens, int timeSteps) {
        return LongStream.iterate(1, seed -> seed + 1)
                .filter(seed -> {
                    ConcatOrder order = new ConcatOrder("f", seed, tokens, timeSteps, null);
                    return LongStream.range(0, order.samplesPerEpoch()).anyMatch(i -> order.firstToken(i) == 0);
                })
                .findFirst()
                .orElseThrow();
    }

    private static SplitIndex split(int... lengths) throws IOException {
        MemoryStore store = new MemoryStore();
        ByteLevelBpe tokenizer = Tokenizers.characters("a");
        try (TokenShardWriter writer = TokenShardWriter.create(store, "", "train-00000", TokenType.UINT16)) {
            for (int d = 0; d < lengths.length; d++) {
                ShardEntry entry = new ShardEntry(new DocumentId(1, d), 0, "aaa", lengths[d]);
                writer.append(entry, new int[lengths[d]], 0, lengths[d]);
            }
            CorpusManifest.of(tokenizer, List.of(writer.finish()), List.of()).write(store, "", tokenizer);
        }
        return TokenDataset.open(store, "").split(TokenDataset.TRAIN).index();
    }

    /** Documents of 1 to 11 tokens, some of which begin or end at the border of a window. */
    @ParameterizedTest
    @EnumSource(Packing.class)
    void shouldIsolateDocumentsWhenMasked(Packing packing) throws IOException {
        TokenSplit split = TestCorpus.of(3000).split(TokenDataset.TRAIN);
        int T = 16;
        DataOrder order = DataOrder.of("f", 1, split.index(), T, packing, true);
        MicroBatchReader reader = new MicroBatchReader(split, 1, T, true);
        Lineage lineage = new Lineage(split.index(), order);
        for (long sample = 0; sample < order.samplesPerEpoch(); sample++) {
            reader.read(order, sample);
            int[] targets = new int[T];
            int[] inputs = new int[T];
            int[] firstKeys = new int[T];
            Arrays.fill(targets, -1);
            Arrays.setAll(firstKeys, t -> t);
            int at = 0;
            for (Lineage.Part part : lineage.parts(sample, 1)) {
                long first =
                        split.index().firstToken(split.index().shardOfDocument(part.document())) + part.firstToken();
                int[] tokens = new int[part.tokens()];
                split.tokens(first, tokens.length, tokens);
                for (int t = 0; t < tokens.length && at + t < T; t++) {
                    firstKeys[at + t] = at;
                    targets[at + t] = t + 1 < tokens.length ? tokens[t + 1] : -1;
                    inputs[at + t] = tokens[t];
                }
                at += tokens.length;
            }
            // the last token of a full sample is a target only, so its row does not exist
            int rows = Math.min(T, Math.max(0, at - 1));
            assertThat(Arrays.copyOf(reader.inputs(), rows)).isEqualTo(Arrays.copyOf(inputs, rows));
            assertThat(Arrays.copyOf(reader.firstKeys(), rows)).isEqualTo(Arrays.copyOf(firstKeys, rows));
            assertThat(Arrays.copyOf(reader.targets(), rows)).isEqualTo(Arrays.copyOf(targets, rows));
            assertThat(Arrays.stream(reader.targets())
                            .filter(target -> target >= 0)
                            .count())
                    .isEqualTo(order.targets(sample, 1));
        }
    }
}
