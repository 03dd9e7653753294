package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteLevelBpeTest {
    private static final ByteLevelBpe MULTILINGUAL = Tokenizers.multilingual();

    @Property(tries = 2000)
    void shouldDecodeToTheSameBytesWhenTheyAreAnything(@ForAll @Size(max = 300) byte[] bytes) {
        int[] ids = encode(MULTILINGUAL, bytes);
        assertThat(MULTILINGUAL.decode(ids, 0, ids.length)).isEqualTo(bytes);
    }

    @Property(tries = 500)
    void shouldDecodeToTheSameBytesWhenTheyAreText(@ForAll String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = encode(MULTILINGUAL, bytes);
        assertThat(MULTILINGUAL.decode(ids, 0, ids.length)).isEqualTo(bytes);
    }

    /** The scan for short pieces and the heap for long ones must merge alike: a long piece is its parts, if merges do not cross the seams. */
    @Property(tries = 300)
    void shouldMergeAlikeWhenThePieceIsShortOrLong(@ForAll @Size(min = 1, max = 60) List<Boolean> letters) {
        ByteLevelBpe tokenizer =
                Tokenizers.merging("a a", "a b", "aa b", "b b", "ab ab", "bb aa", "aa aa", "bb bb", "ab a");
        StringBuilder word = new StringBuilder();
        letters.forEach(letter -> word.append(letter ? 'a' : 'b'));
        String joined = String.join("x", word, "x".repeat(70), word);
        int[] part = tokenizer.encode(word.toString());
        int[] x = tokenizer.encode("x".repeat(72));
        int[] expected = Stream.of(part, x, part).flatMapToInt(Arrays::stream).toArray();
        assertThat(tokenizer.encode(joined)).isEqualTo(expected);
    }

    @Test
    void shouldMergeTheLowestRankFirstThenTheLeftmost() {
        ByteLevelBpe tokenizer = Tokenizers.merging("b c", "a b", "a a");
        assertThat(tokens(tokenizer, "abc")).containsExactly("a", "bc");
        assertThat(tokens(tokenizer, "aaa")).containsExactly("aa", "a");
        assertThat(tokens(tokenizer, "aaab")).containsExactly("aa", "ab");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "^", "0", " ", "\n", "'s", "ab", "the", "中", "\u0301"})
    void shouldStayLinearWhenOnePieceHasMillionsOfBytes(String unit) {
        shouldRoundTripInTime(unit.repeat(1_000_000));
    }

    @Test
    void shouldStayLinearWhenOnePieceHasTenMillionBytes() {
        shouldRoundTripInTime("a".repeat(10_000_000));
    }

    @Test
    void shouldStayLinearWhenAGiantPieceIsFollowedByManyLongOnes() {
        shouldRoundTripInTime("a".repeat(1_000_000) + (" " + "b".repeat(70)).repeat(20_000));
    }

    /** Four times the text takes four times as long, give or take caches; at the square of its length it would take 16 times. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "^"})
    void shouldTakeTimeInProportionWhenOnePieceGrows(String unit) {
        byte[] small = unit.repeat(1 << 18).getBytes(StandardCharsets.UTF_8);
        byte[] large = unit.repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
        long smallNs = Long.MAX_VALUE;
        long largeNs = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 5; attempt++) {
            smallNs = Math.min(smallNs, encodingNs(small));
            largeNs = Math.min(largeNs, encodingNs(large));
        }
        assertThat(largeNs)
                .as("ns for %d bytes after %d ns for %d", large.length, smallNs, small.length)
                .isLessThan(10 * smallNs);
    }

    /** Of this thread's processor time, which other processes do not lengthen. */
    private static long encodingNs(byte[] text) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        assertThat(encode(MULTILINGUAL, text)).isNotEmpty();
        return threads.getCurrentThreadCpuTime() - start;
    }

    @Test
    void shouldKeepBytesThatAreNotUtf8WhenAPieceIsCutInside() {
        byte[] bytes = {
            ' ', (byte) 0xEC, (byte) 0x8B, (byte) 0xA4, (byte) 0xED, (byte) 0xED, (byte) 0xA0, (byte) 0x80, (byte) 0xC0
        };
        int[] ids = encode(MULTILINGUAL, bytes);
        assertThat(MULTILINGUAL.decode(ids, 0, ids.length)).isEqualTo(bytes);
    }

    @Test
    void shouldEncodeTheMarkerAsTextWhenItStandsInText() {
        assertThat(MULTILINGUAL.endOfTextId()).isZero();
        assertThat(MULTILINGUAL.encode("a<|endoftext|>b")).doesNotContain(0);
        assertThat(MULTILINGUAL.decode(new int[] {0}, 0, 1))
                .isEqualTo("<|endoftext|>".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldRecogniseASpecialTokenOnlyWhenItIsAllowed() {
        byte[] text = "a<|endoftext|>b<|endoftext|><|endoftext|>".getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();
        MULTILINGUAL.encodeWithSpecial(text, 0, text.length, List.of("<|endoftext|>"), ids);
        int a = MULTILINGUAL.encode("a")[0];
        int b = MULTILINGUAL.encode("b")[0];
        assertThat(ids.toIntArray()).containsExactly(a, 0, b, 0, 0);
        ids.clear();
        MULTILINGUAL.encodeWithSpecial(text, 0, text.length, List.of(), ids);
        assertThat(ids.toIntArray()).isEqualTo(encode(MULTILINGUAL, text));
        assertThatThrownBy(() -> MULTILINGUAL.encodeWithSpecial(text, 0, 3, List.of("<|im_start|>"), ids))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("<|im_start|>")
                .hasMessageContaining("<|endoftext|>");
    }

    /** RoBERTa's takes the space before it. */
    @Test
    void shouldRefuseASpecialTokenThatTakesSpacesBesideIt() {
        AddedToken mask = new AddedToken(4, "<mask>", false, true, false, false, true);
        assertThatThrownBy(() -> SpecialTokens.named(List.of(mask), List.of("<mask>")))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("\"<mask>\" takes spaces beside it");
    }

    @Test
    void shouldTellWhereEachTokenEndsInTheText() {
        byte[] text = "Würde und 人人".getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();
        ids.addInt(0);
        MULTILINGUAL.encode(text, 0, text.length, ids);
        long[] ends = MULTILINGUAL.ends(ids, 1);
        int start = 0;
        for (int i = 0; i < ends.length; i++) {
            byte[] token = MULTILINGUAL.decode(new int[] {ids.getInt(i + 1)}, 0, 1);
            assertThat(Arrays.copyOfRange(text, start, (int) ends[i])).isEqualTo(token);
            start = (int) ends[i];
        }
        assertThat(start).isEqualTo(text.length);
    }

    /** Hugging Face's {@code tests/offsets.rs}: three tokens of one character, which all lie in its bytes. */
    @Test
    void shouldTellTheBytesOfTokensWithinOneCharacter() {
        ByteLevelBpe bytes = Tokenizers.bytes(PreTokenPattern.GPT2);
        byte[] text = "i⭢j".getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();
        bytes.encode(text, 0, text.length, ids);
        assertThat(bytes.ends(ids, 0)).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void shouldEncodeOnlyTheGivenRange() {
        byte[] bytes = "xxHello worldyy".getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();
        MULTILINGUAL.encode(bytes, 2, 11, ids);
        assertThat(ids.toIntArray()).isEqualTo(MULTILINGUAL.encode("Hello world"));
    }

    @Test
    void shouldGiveTheSameIdsWhenManyThreadsShareTheTokenizer() {
        String text = "Alle Menschen sind frei und gleich an Würde und Rechten geboren. 人人生而自由。".repeat(50);
        int[] expected = Tokenizers.multilingual().encode(text);
        ByteLevelBpe shared = Tokenizers.multilingual();
        assertThat(IntStream.range(0, 200).parallel().mapToObj(i -> shared.encode(text)))
                .allMatch(ids -> Arrays.equals(ids, expected));
    }

    @Test
    void shouldRefuseAnIdThatTheVocabularyLacks() {
        assertThatThrownBy(() -> MULTILINGUAL.decode(new int[] {5, 2048}, 0, 2))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("Token id 2048 at index 1")
                .hasMessageContaining("[0, 2048)");
    }

    @Test
    void shouldRefuseACharacterWhenTheVocabularyIsClosed() {
        ByteLevelBpe closed = Tokenizers.characters("abcé");
        assertThat(closed.vocabSize()).isEqualTo(4);
        assertThat(closed.encode("cabé")).containsExactly(2, 0, 1, 3);
        assertThatThrownBy(() -> closed.encode("ab€")).isInstanceOfSatisfying(PolyglowException.class, e -> {
            assertThat(e.kind()).isEqualTo(ErrorKind.DATA);
            assertThat(e).hasMessageContaining("U+20AC").hasMessageContaining("byte 2 of");
        });
    }

    private static void shouldRoundTripInTime(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            int[] ids = encode(MULTILINGUAL, bytes);
            assertThat(Arrays.equals(MULTILINGUAL.decode(ids, 0, ids.length), bytes))
                    .isTrue();
        });
    }

    private static int[] encode(Tokenizer tokenizer, byte[] bytes) {
        IntArrayList ids = new IntArrayList();
        tokenizer.encode(bytes, 0, bytes.length, ids);
        return ids.toIntArray();
    }

    private static List<String> tokens(ByteLevelBpe tokenizer, String text) {
        int[] ids = tokenizer.encode(text);
        return Arrays.stream(ids)
                .mapToObj(id -> new String(tokenizer.decode(new int[] {id}, 0, 1), StandardCharsets.UTF_8))
                .toList();
    }
}
