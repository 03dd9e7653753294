package io.polyglow.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.rng.RandomStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BestFitPackingTest {
    /** The 7,222 sections of tiny Shakespeare (between empty lines) in tokens of GPT-2, end of text included. */
    @ParameterizedTest
    @CsvSource({"128, 2648", "256, 1323", "1024, 331"})
    void shouldNeedAsFewBinsAsMeasuredElsewhere(int capacity, int bins) throws IOException {
        int[] lengths = sections();
        assertThat(lengths).hasSize(7222);
        assertThat(Arrays.stream(lengths).sum()).isEqualTo(338_028);

        BestFitPacking packing = BestFitPacking.of(lengths.length, d -> lengths[d], capacity, 0);

        assertThat(packing.bins()).isEqualTo(bins);
        double padding = 1 - 338_028 / ((double) bins * capacity);
        assertThat(padding).isBetween(0.0, 0.004);
    }

    @Property(tries = 300)
    void shouldHoldEveryTokenOnceAndCutOnlyWhatDoesNotFit(
            @ForAll @Size(max = 60) List<@IntRange(max = 90) Integer> documents,
            @ForAll @IntRange(min = 2, max = 40) int capacity,
            @ForAll @IntRange(max = 1) int overlap) {
        int[] lengths = documents.stream().mapToInt(length -> length).toArray();
        BestFitPacking packing = BestFitPacking.of(lengths.length, d -> lengths[d], capacity, overlap);
        int[][] seen = new int[lengths.length][];
        Arrays.setAll(seen, d -> new int[lengths[d]]);
        for (int bin = 0; bin < packing.bins(); bin++) {
            int room = capacity;
            for (int piece = 0; piece < packing.pieces(bin); piece++) {
                int document = packing.document(bin, piece);
                int offset = packing.offset(bin, piece, overlap);
                int tokens = Math.min(capacity, lengths[document] - offset);
                room -= tokens;
                assertThat(lengths[document] > capacity || (offset == 0 && tokens == lengths[document]))
                        .isTrue();
                for (int t = overlap; t < tokens; t++) {
                    seen[document][offset + t]++;
                }
            }
            assertThat(room).isNotNegative();
        }
        for (int[] document : seen) {
            for (int t = overlap; t < document.length; t++) {
                assertThat(document[t]).isEqualTo(1);
            }
        }
    }

    /** Lengths as of web pages; the heap of the test bounds the memory. */
    @Test
    @Tag("nightly")
    @Timeout(60)
    void shouldPackTenMillionDocumentsInSeconds() {
        RandomStream random = RandomStream.of(1, "lengths", 0);
        int[] lengths = new int[10_000_000];
        Arrays.setAll(lengths, d -> 2 + (int) Math.exp(3 + 6 * random.nextDouble()));
        long tokens = Arrays.stream(lengths).asLongStream().sum();

        BestFitPacking packing = BestFitPacking.of(lengths.length, d -> lengths[d], 2049, 1);

        assertThat(1 - tokens / (2049.0 * packing.bins())).isLessThan(0.002);
    }

    /** Lengths of the sections, in their order. */
    static int[] sections() throws IOException {
        try (InputStream in = Objects.requireNonNull(
                BestFitPackingTest.class.getResourceAsStream("shakespeare-section-lengths.txt"))) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Arrays.stream(text.trim().split("\\s+"))
                    .mapToInt(Integer::parseInt)
                    .toArray();
        }
    }
}
