package io.polyglow.dataprep.language;

import opennlp.tools.util.normalizer.CharSequenceNormalizer;
import opennlp.tools.util.normalizer.EmojiCharSequenceNormalizer;
import opennlp.tools.util.normalizer.ShrinkCharSequenceNormalizer;
import opennlp.tools.util.normalizer.TwitterCharSequenceNormalizer;
import opennlp.tools.util.normalizer.UrlCharSequenceNormalizer;

/** Text as OpenNLP's language models were trained on it ({@code LanguageDetectorFactory}): its normalisers, each asked only where a look at the text tells that it may have
 * something to do; what is one loop (digits, hyphens) is done here. */
final class OpenNlpText {
    private static final CharSequenceNormalizer EMOJI = EmojiCharSequenceNormalizer.getInstance();
    private static final CharSequenceNormalizer URL = UrlCharSequenceNormalizer.getInstance();
    private static final CharSequenceNormalizer TWITTER = TwitterCharSequenceNormalizer.getInstance();
    private static final CharSequenceNormalizer SHRINK = ShrinkCharSequenceNormalizer.getInstance();

    private OpenNlpText() {}

    static String normalized(String text) {
        String result = has(text, unit -> unit >= Character.MIN_SURROGATE)
                ? apply(EMOJI, text)
                : spaceFor(text, unit -> unit == '-'); // its expression takes hyphens for emoji
        result = result.indexOf('@') >= 0 || result.contains("http") ? apply(URL, result) : result;
        result = mayBeSocial(result) ? apply(TWITTER, result) : result;
        result = spaceFor(result, unit -> unit >= '0' && unit <= '9');
        return mayShrink(result) ? apply(SHRINK, result) : result.trim();
    }

    /** A text with a space for every run of some units. */
    private static String spaceFor(String text, UnitPredicate predicate) {
        if (!has(text, predicate)) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        boolean inRun = false;
        for (int i = 0; i < text.length(); i++) {
            boolean matches = predicate.test(text.charAt(i));
            if (!matches || !inRun) {
                out.append(matches ? ' ' : text.charAt(i));
            }
            inRun = matches;
        }
        return out.toString();
    }

    private static String apply(CharSequenceNormalizer normalizer, String text) {
        return normalizer.normalize(text).toString();
    }

    /** A property of a UTF-16 unit. */
    private interface UnitPredicate {
        boolean test(char unit);
    }

    private static boolean has(String text, UnitPredicate predicate) {
        for (int i = 0; i < text.length(); i++) {
            if (predicate.test(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    /** Whether there may be a tag or handle, {@code rt:}, a face or laughter. */
    private static boolean mayBeSocial(String text) {
        for (int i = 0; i < text.length(); i++) {
            boolean found =
                    switch (text.charAt(i)) {
                        case '#', '@' -> true;
                        case ':', ';', 'x', 'X' -> mayBeFace(text, i + 1);
                        case 'r', 'R' ->
                            lower(text, i + 1) == 't' && (at(text, i + 2) == ' ' || at(text, i + 2) == ':');
                        case 'h', 'H', 'j', 'J' -> isLaughter(text, i);
                        default -> false;
                    };
            if (found) {
                return true;
            }
        }
        return false;
    }

    private static boolean mayBeFace(String text, int mouth) {
        return "-()dop".indexOf(lower(text, mouth)) >= 0;
    }

    /** A consonant, vowels, the consonant and the last vowel again. */
    private static boolean isLaughter(String text, int consonant) {
        int next = consonant + 1;
        while (isVowel(lower(text, next))) {
            next++;
        }
        if (next == consonant + 1 || lower(text, next) != lower(text, consonant)) {
            return false;
        }
        int last = lower(text, next - 1);
        while (lower(text, next) == lower(text, consonant)) {
            next++;
        }
        return lower(text, next) == last;
    }

    private static boolean isVowel(int unit) {
        return "aieou".indexOf(unit) >= 0;
    }

    /** Two white spaces in a row, or a unit three times. */
    private static boolean mayShrink(String text) {
        for (int i = 1; i < text.length(); i++) {
            char unit = text.charAt(i);
            char before = text.charAt(i - 1);
            if (Character.isSurrogate(unit)
                    || (unit <= ' ' && before <= ' ')
                    || (lower(text, i) == lower(text, i - 1) && lower(text, i + 1) == lower(text, i))) {
                return true;
            }
        }
        return false;
    }

    /** The unit at a place, or -1 behind the end. */
    private static int at(String text, int index) {
        return index < text.length() ? text.charAt(index) : -1;
    }

    /** {@link #at} without regard to the case of ASCII letters. */
    private static int lower(String text, int index) {
        int unit = at(text, index);
        return unit >= 'A' && unit <= 'Z' ? unit + ('a' - 'A') : unit;
    }
}
