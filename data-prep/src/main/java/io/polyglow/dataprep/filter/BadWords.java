package io.polyglow.dataprep.filter;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The words for which C4 leaves a document out. Source: datatrove's {@code C4BadWordsFilter}, after TensorFlow Datasets' {@code c4_utils}: the text is lower-cased and the
 * words are not; they count between characters that are no word's, but for Japanese, Thai and Chinese, where they count anywhere. Immutable.
 */
final class BadWords {
    /** Of a language without a list. */
    static final BadWords NONE = new BadWords(List.of(), true);

    /** What {@link #count} answers without a list. */
    static final int NO_LIST = -1;

    private final Map<Character, List<String>> byFirst = new HashMap<>();
    private final boolean anywhere;

    /** {@code anywhere}: whether a word counts within others. */
    BadWords(List<String> words, boolean anywhere) {
        this.anywhere = anywhere;
        Map<Character, LinkedHashSet<String>> sorted = new HashMap<>();
        words.forEach(word -> sorted.computeIfAbsent(word.charAt(0), first -> new LinkedHashSet<>())
                .add(word));
        sorted.forEach((first, those) -> byFirst.put(first, List.copyOf(those)));
    }

    /** Places of the text at which a word begins; {@link #NO_LIST} without words. */
    int count(String text) {
        if (byFirst.isEmpty()) {
            return NO_LIST;
        }
        String lower = text.toLowerCase(Locale.ROOT);
        int count = 0;
        for (int at = 0; at < lower.length(); at++) {
            List<String> words = byFirst.get(lower.charAt(at));
            if (words != null && beginsAt(lower, at, words)) {
                count++;
            }
        }
        return count;
    }

    private boolean beginsAt(String text, int at, List<String> words) {
        if (!anywhere && at > 0 && isWord(text.codePointBefore(at))) {
            return false;
        }
        for (String word : words) {
            int end = at + word.length();
            if (text.startsWith(word, at) && (anywhere || end == text.length() || !isWord(text.codePointAt(end)))) {
                return true;
            }
        }
        return false;
    }

    /** Python's {@code \w}: letters, numbers and the underscore; marks are none. */
    private static boolean isWord(int c) {
        int type = Character.getType(c);
        return Character.isLetter(c)
                || type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER
                || c == '_';
    }
}
