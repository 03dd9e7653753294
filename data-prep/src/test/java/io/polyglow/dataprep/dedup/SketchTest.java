package io.polyglow.dataprep.dedup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.rng.RandomStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import net.jpountz.xxhash.XXHashFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From text to signature, each step against another way to compute it. */
class SketchTest {
    private static String units(String text) {
        SimplifiedText simplified = new SimplifiedText().read(text);
        return new String(simplified.bytes(0, simplified.units()), StandardCharsets.UTF_8);
    }

    @Test
    void shouldHashAsXxHashDoesAtEveryLength() {
        RandomStream random = RandomStream.of(7, "xxhash", 0);
        byte[] bytes = new byte[300];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) random.nextInt(256);
        }
        var oracle = XXHashFactory.safeInstance().hash64();

        for (int length = 0; length < 290; length++) {
            assertThat(XxHash64.hash(bytes, 3, 3 + length, length))
                    .as("length " + length)
                    .isEqualTo(oracle.hash(bytes, 3, length, length));
        }
        // the author's own vector for no input and seed 0
        assertThat(XxHash64.hash(bytes, 0, 0, 0)).isEqualTo(0xEF46DB3751D8E999L);
    }

    @ParameterizedTest
    @CsvSource({
        "'The  Quick, brown-fox!', 'the quick brown fox'",
        "'Ärger über Éclairs', 'arger uber eclairs'",
        "'ΟΔΟΣ οδός', 'οδοσ οδοσ'",
        "'in 2024: 1,234.5 (٣٤)', 'in 0 0 0 0 0'",
        "'covid19 a1b22', 'covid0 a0b0'",
        "'soft\u00adhyphen zero\u200cwidth', 'softhyphen zerowidth'",
        "'한국어 문장', '한국어 문장'",
        "'東京abc 大', '東 京 abc 大'",
        "'ラーメン', 'ラ ー メ ン'",
        "'ก็ดี', 'ก ด'",
        "'कि', 'कि'",
        "'\ud801\udc00\ud801\udc28', '\ud801\udc28\ud801\udc28'",
        "'?!…', ''"
    })
    void shouldReduceATextToWhatCountsWhenTextsAreCompared(String text, String simplified) {
        assertThat(units(text)).isEqualTo(simplified);
    }

    @Test
    void shouldKnowWhereEachUnitStandsInTheOriginal() {
        String text = "«Él» come 12.5 pan, 大学";
        SimplifiedText simplified = new SimplifiedText().read(text);

        List<String> sources = new java.util.ArrayList<>();
        for (int i = 0; i < simplified.units(); i++) {
            sources.add(text.substring(simplified.sourceStart(i), simplified.sourceEnd(i)));
        }

        assertThat(sources).containsExactly("Él", "come", "12", "5", "pan", "大", "学");
    }

    @Test
    void shouldSurviveLoneSurrogatesAndForgetTheTextBefore() {
        SimplifiedText simplified = new SimplifiedText();
        simplified.read("a much longer text than the next one");

        assertThat(simplified.read("x\ud800y\udc00").units()).isEqualTo(2);
        assertThat(simplified.bytes(0, 2)).isEqualTo("x y".getBytes(StandardCharsets.UTF_8));
        assertThat(simplified.read("").units()).isZero();
    }

    @Test
    void shouldTakeFiveWordsOrTwentyFourCharacters() {
        String han = "一二三四五六七八九十".repeat(5);
        SimplifiedText text = new SimplifiedText();

        assertThat(Shingles.of(text.read("a b c d e f g"))).hasSize(3);
        assertThat(Shingles.of(text.read("a b c d e a b c d e"))).hasSize(5);
        assertThat(Shingles.of(text.read("one two"))).hasSize(1);
        assertThat(Shingles.of(text.read("... !"))).isEmpty();
        assertThat(Shingles.of(text.read(han))).hasSize(10);
        assertThat(Shingles.of(text.read(han + " with five latin words more"))).hasSize(15);
    }

    @Test
    void shouldHashWordsJoinedByOneSpaceAsUtf8() {
        byte[] utf8 = "über den fluß und die".replace("ü", "u").getBytes(StandardCharsets.UTF_8);

        assertThat(Shingles.of(new SimplifiedText().read("Über den Fluß, und die")))
                .containsExactly(XXHashFactory.safeInstance().hash64().hash(utf8, 0, utf8.length, 0));
    }

    @Test
    void shouldComputeTheTrueJaccardSimilarity() {
        RandomStream random = RandomStream.of(3, "sets", 0);
        for (int round = 0; round < 200; round++) {
            Set<Long> a = randomSet(random, 1 + random.nextInt(40));
            Set<Long> b = randomSet(random, 1 + random.nextInt(40));
            Set<Long> common = new HashSet<>(a);
            common.retainAll(b);
            double expected = (double) common.size() / (a.size() + b.size() - common.size());

            assertThat(Shingles.jaccard(bytes(a), bytes(b))).isEqualTo(expected);
            assertThat(Shingles.bound(a.size(), b.size())).isGreaterThanOrEqualTo(expected);
        }
        assertThat(Shingles.jaccard(new byte[0], new byte[0])).isZero();
    }

    private static Set<Long> randomSet(RandomStream random, int size) {
        Set<Long> set = new LinkedHashSet<>();
        for (int i = 0; i < size; i++) {
            set.add((long) random.nextInt(60) - 30);
        }
        return set;
    }

    private static byte[] bytes(Set<Long> set) {
        return Shingles.toBytes(set.stream().mapToLong(x -> x).sorted().toArray());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 300})
    void shouldTakeTheSmallestOfEveryPermutationModuloThePrime(int size) {
        RandomStream random = RandomStream.of(11, "points", size);
        long[] shingles = new long[size];
        for (int i = 0; i < size; i++) {
            shingles[i] = random.nextLong();
        }
        BigInteger prime = BigInteger.ONE.shiftLeft(61).subtract(BigInteger.ONE);
        RandomStream stream = RandomStream.of(1, "minhash", 0);
        ByteBuffer signature =
                ByteBuffer.wrap(new MinHash(3, 2).signature(shingles)).order(ByteOrder.LITTLE_ENDIAN);

        for (int i = 0; i < 6; i++) {
            BigInteger a = BigInteger.valueOf(1 + (stream.nextLong() >>> 3));
            BigInteger b = BigInteger.valueOf(stream.nextLong() >>> 3);
            BigInteger smallest = prime;
            for (long x : shingles) {
                smallest = smallest.min(
                        a.multiply(BigInteger.valueOf(x >>> 3)).add(b).mod(prime));
            }
            assertThat(signature.getInt(4 * i)).isEqualTo(smallest.intValue());
        }
    }

    @Test
    void shouldKeepTheSignatureOfAText() {
        // an index of an earlier corpus is only good while this stays
        Sketch sketch = new Sketcher(new MinHash(14, 8)).sketch("A cat may look at a king, they say.");

        assertThat(sketch.size()).isEqualTo(5);
        assertThat(java.util.HexFormat.of().formatHex(sketch.fingerprint()))
                .isEqualTo("866073d8cee83fd97e201c1436407310");
        assertThat(new MinHash(14, 8).band(sketch.signature(), 13)).isEqualTo(-2189738562580735790L);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.3, 0.6, 0.8, 0.95})
    void shouldAgreeInAValueWithTheProbabilityOfTheSimilarity(double similarity) {
        int union = 400;
        int common = (int) Math.round(similarity * union);
        MinHash minHash = new MinHash(250, 8);
        int agreed = 0;
        for (int round = 0; round < 5; round++) {
            long[] points = RandomStreams.longs(round, union);
            long[] a = java.util.Arrays.copyOf(points, common + (union - common) / 2);
            long[] b = points.clone();
            System.arraycopy(points, a.length, b, common, union - a.length);
            b = java.util.Arrays.copyOf(b, common + union - a.length);
            byte[] x = minHash.signature(a);
            byte[] y = minHash.signature(b);
            for (int i = 0; i < x.length; i += 4) {
                agreed += java.util.Arrays.equals(x, i, i + 4, y, i, i + 4) ? 1 : 0;
            }
        }

        assertThat(agreed / 10_000.0).isCloseTo((double) common / union, within(0.02));
    }

    @Test
    void shouldFollowTheCurveOfItsBands() {
        assertThat(new MinHash(14, 8).recall(0.8)).isCloseTo(0.924, within(0.0005));
        // datatrove's threshold, (1/bands)^(1/rows)
        assertThat(new MinHash(14, 8).recall(Math.pow(1.0 / 14, 1.0 / 8)))
                .isCloseTo(1 - Math.pow(13.0 / 14, 14), within(1e-12));
        assertThat(Math.pow(1.0 / 14, 1.0 / 8)).isCloseTo(0.72, within(0.005));
    }

    /** RedPajama-V2's bands and rows for 128 values: those by whose curve the least is lost below and above a threshold. */
    @ParameterizedTest
    @CsvSource({"0.7, 14, 9", "0.8, 9, 13", "0.9, 5, 25", "1.0, 1, 128"})
    void shouldHaveTheBestCurveOf128ValuesWhereRedPajamaFoundIt(double threshold, int bands, int rows) {
        double least = Double.MAX_VALUE;
        MinHash best = null;
        for (int b = 1; b <= 128; b++) {
            for (int r = 1; b * r <= 128; r++) {
                MinHash minHash = new MinHash(b, r);
                double lost = 0;
                for (int i = 0; i < 1000; i++) {
                    double similarity = (i + 0.5) / 1000;
                    double recall = minHash.recall(similarity);
                    lost += similarity < threshold ? recall : 1 - recall;
                }
                if (lost < least) {
                    least = lost;
                    best = minHash;
                }
            }
        }
        assertThat(best).usingRecursiveComparison().isEqualTo(new MinHash(bands, rows));
    }

    /** Seeded numbers. */
    private static final class RandomStreams {
        static long[] longs(long seed, int count) {
            RandomStream random = RandomStream.of(seed, "longs", 0);
            long[] longs = new long[count];
            for (int i = 0; i < count; i++) {
                longs[i] = random.nextLong();
            }
            return longs;
        }
    }
}
