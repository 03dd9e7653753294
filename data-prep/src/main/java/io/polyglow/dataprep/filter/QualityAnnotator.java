package io.polyglow.dataprep.filter;

import static io.polyglow.dataprep.filter.CharacterKinds.DIGIT;
import static io.polyglow.dataprep.filter.CharacterKinds.LETTER;
import static io.polyglow.dataprep.filter.CharacterKinds.PUNCTUATION;
import static io.polyglow.dataprep.filter.CharacterKinds.SPACE;
import static io.polyglow.dataprep.filter.CharacterKinds.UPPER;

import io.polyglow.dataprep.words.Words;
import java.util.List;

/**
 * Measures documents. Time is linear in the text; what is kept from one document to the next is at most some 100 MiB, see {@link NGrams}.
 *
 * <p>Not for several threads at a time; cheap to keep, dear to create.
 */
public final class QualityAnnotator {
    private static final List<String> URL_STARTS = List.of("http://", "https://", "www.");

    private final ThresholdCatalog thresholds;
    private final Words words = new Words();
    private final NGrams grams = new NGrams();
    private final LineMeter lines = new LineMeter();
    private final C4Lines c4 = new C4Lines();

    private int count;
    private int plain;
    private int alphabetic;
    private long plainChars;

    /** The stop words and bad words are those of {@code thresholds}. */
    public QualityAnnotator(ThresholdCatalog thresholds) {
        this.thresholds = thresholds;
    }

    /** Whatever changes the numbers of a text, other than lists of words, changes this. */
    public static String version() {
        return "quality 2, " + Words.version();
    }

    /** Measures a text whose language is {@code label}, {@code iso639-3_Script}; only stop words and bad words depend on it. */
    public QualityStats annotate(String text, String label) {
        int chars = text.codePointCount(0, text.length());
        QualityStats.WordStats wordStats = words(text, thresholds.stopWords(label));
        return new QualityStats(
                chars,
                wordStats,
                lines.lines(text),
                lines.fineweb(text, chars, count),
                lines.repetition(text, chars, grams),
                c4.measure(text, thresholds.badWords(label)),
                characters(text, chars));
    }

    private QualityStats.WordStats words(String text, StopWords stopWords) {
        grams.clear();
        count = 0;
        plain = 0;
        alphabetic = 0;
        plainChars = 0;
        StopWords.Counter found = stopWords.counter();
        words.of(text, (start, end) -> word(text, start, end, found));
        return new QualityStats.WordStats(
                count,
                plain,
                Ratio.of(plainChars, plain),
                Ratio.of(occurrences(text, "#"), count),
                Ratio.of(occurrences(text, "...") + occurrences(text, "…"), count),
                Ratio.of(alphabetic, count),
                found.different());
    }

    private void word(String text, int start, int end, StopWords.Counter found) {
        long hash = 0;
        int any = 0;
        boolean allPunctuation = true;
        int chars = 0;
        for (int i = start; i < end; chars++) {
            char unit = text.charAt(i);
            int kinds;
            if (Character.isHighSurrogate(unit) && i + 1 < end) {
                kinds = CharacterKinds.of(text.codePointAt(i));
                hash = Hash61.append(hash, unit);
                unit = text.charAt(++i);
            } else {
                kinds = CharacterKinds.of(unit);
            }
            hash = Hash61.append(hash, unit);
            any |= kinds;
            allPunctuation &= (kinds & PUNCTUATION) != 0;
            i++;
        }
        count++;
        alphabetic += (any & LETTER) != 0 ? 1 : 0;
        plain += allPunctuation ? 0 : 1;
        plainChars += allPunctuation ? 0 : chars;
        grams.add(hash, end - start, chars);
        found.see(hash);
    }

    private static QualityStats.CharacterStats characters(String text, int chars) {
        int digits = 0;
        int letters = 0;
        int upper = 0;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int kinds = CharacterKinds.of(c);
            digits += (kinds & DIGIT) != 0 ? 1 : 0;
            letters += (kinds & LETTER) != 0 ? 1 : 0;
            upper += (kinds & UPPER) != 0 ? 1 : 0;
            i += Character.charCount(c);
        }
        return new QualityStats.CharacterStats(
                Ratio.of(digits, chars), Ratio.of(upper, letters), Ratio.of(urlChars(text), chars));
    }

    /** Code points from {@code http://}, {@code https://} or {@code www.} to the next white space. */
    private static long urlChars(String text) {
        long total = 0;
        int at = 0;
        for (int mark = nextMark(text, 0); mark >= 0; mark = nextMark(text, at)) {
            int start = Math.max(at, mark - "https:".length());
            int url = urlStart(text, start, mark);
            at = mark + 1;
            if (url >= 0) {
                while (at < text.length() && !CharacterKinds.is(text.charAt(at), SPACE)) {
                    at++;
                }
                total += TextLines.chars(text, url, at);
            }
        }
        return total;
    }

    /** The next {@code //} or {@code www.}. */
    private static int nextMark(String text, int from) {
        for (int i = from; i < text.length() - 1; i++) {
            char unit = text.charAt(i);
            if ((unit == '/' && text.charAt(i + 1) == '/') || (unit == 'w' && text.startsWith("www.", i))) {
                return i;
            }
        }
        return -1;
    }

    private static int urlStart(String text, int from, int mark) {
        for (int start = from; start <= mark; start++) {
            for (String prefix : URL_STARTS) {
                if (text.startsWith(prefix, start)) {
                    return start;
                }
            }
        }
        return -1;
    }

    private static int occurrences(String text, String part) {
        int found = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            found++;
        }
        return found;
    }
}
