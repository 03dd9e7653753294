package io.polyglow.dataprep.words;

import static org.assertj.core.api.Assertions.assertThat;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.text.BreakIterator;
import com.ibm.icu.util.ULocale;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class WordsTest {
    private static final BreakIterator ICU = BreakIterator.getWordInstance(ULocale.ROOT);

    private final Words words = new Words();

    @Test
    void shouldCutSegmentedScriptsAtSpacesAndPunctuation() {
        assertThat(words.of("Don't stop, 3.14 e-mail snake_case."))
                .containsExactly("Don't", "stop", ",", "3.14", "e", "-", "mail", "snake_case", ".");
        assertThat(words.of("Всё хорошо, правда?")).containsExactly("Всё", "хорошо", ",", "правда", "?");
        assertThat(words.of("모든 인간은 태어날 때부터")).containsExactly("모든", "인간은", "태어날", "때부터");
        assertThat(words.of("صباح الخير، كيف")).containsExactly("صباح", "الخير", "،", "كيف");
    }

    @Test
    void shouldCutUnsegmentedScriptsByDictionary() {
        assertThat(words.of("มนุษย์ทั้งหลายเกิดมามีอิสระ"))
                .containsExactly("มนุษย์", "ทั้ง", "หลาย", "เกิด", "มา", "มี", "อิสระ");
        assertThat(words.of("人人生而自由")).containsExactly("人", "人生", "而", "自由");
        assertThat(words.of("私は東京に住んでいます。")).contains("私", "は", "東京", "に", "。");
        assertThat(words.of("មនុស្សទាំងអស់កើតមកមានសេរីភាព").size()).isGreaterThan(3);
        assertThat(words.of("ມະນຸດທຸກຄົນເກີດມາມີອິດສະຫຼະ").size()).isGreaterThan(3);
        assertThat(words.of("လူတိုင်းသည်တူညီလွတ်လပ်သော").size()).isGreaterThan(3);
    }

    @Test
    void shouldTakeARunOfOneSymbolAsOneWord() {
        assertThat(words.of("Wait... what?! ----- !!! ab"))
                .containsExactly("Wait", "...", "what", "?", "!", "-----", "!!!", "ab");
    }

    @Test
    void shouldFindNoWordInWhiteSpace() {
        assertThat(words.of("")).isEmpty();
        assertThat(words.of(" \t\n\u00a0\u3000\u2028\u202f ")).isEmpty();
    }

    @Test
    void shouldCutLikeIcuWhateverComes() {
        Random random = new Random(7);
        for (int round = 0; round < 20_000; round++) {
            String text = randomText(random);
            assertThat(words.of(text)).as("round %d: %s", round, escaped(text)).isEqualTo(byIcu(text));
        }
    }

    @Test
    void shouldBreakARunThatNeverEndsInParts() {
        String endless = "人".repeat(3 * Words.MAX_ICU_UNITS) + "😀".repeat(Words.MAX_ICU_UNITS);
        int[] units = {0};
        words.of(endless, (start, end) -> {
            assertThat(start).isEqualTo(units[0]);
            units[0] = end;
        });
        assertThat(units[0]).isEqualTo(endless.length());
    }

    /** Few kinds of characters, so that all rules meet often: what matters to words in any script, and a few of everything. */
    private static String randomText(Random random) {
        String common = "aZéжשא0٣9_.,:;'’\"״-!#・\u0301\u200d\u00ad\u202f\u00a0 \n漢かカーไทခມក😀🏽🇩🇪ㅎ한\u1160\u2019·";
        StringBuilder text = new StringBuilder();
        int length = 1 + random.nextInt(16);
        for (int i = 0; i < length; i++) {
            int c = random.nextInt(10) < 8
                    ? common.codePointAt(
                            common.offsetByCodePoints(0, random.nextInt(common.codePointCount(0, common.length()))))
                    : random.nextInt(0x3000);
            text.appendCodePoint(c);
        }
        return text.toString();
    }

    /** What ICU's own iterator over the whole text finds, blanks left out and runs of one symbol joined. */
    private static List<String> byIcu(String text) {
        BreakIterator iterator = ICU;
        iterator.setText(text);
        List<String> words = new ArrayList<>();
        int lastEnd = -1;
        int start = iterator.first();
        for (int end = iterator.next(); end != BreakIterator.DONE; start = end, end = iterator.next()) {
            String segment = text.substring(start, end);
            String previous = words.isEmpty() ? "" : words.get(words.size() - 1);
            char first = segment.charAt(0);
            boolean again = start == lastEnd
                    && segment.length() == 1
                    && !previous.isEmpty()
                    && previous.chars().allMatch(c -> c == first)
                    && !Character.isLetterOrDigit(first);
            if (again) {
                words.set(words.size() - 1, previous + segment);
                lastEnd = end;
            } else if (!segment.codePoints().allMatch(UCharacter::isUWhiteSpace)) {
                words.add(segment.replaceAll("(?U)^\\s+|\\s+$", ""));
                lastEnd = end;
            }
        }
        return words;
    }

    private static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        text.chars().forEach(c -> out.append(c > 0x7e || c < 0x20 ? "\\u%04x".formatted(c) : "" + (char) c));
        return out.toString();
    }
}
