package io.polyglow.dataprep.words;

import static io.polyglow.dataprep.words.WordClasses.BY_ICU;
import static io.polyglow.dataprep.words.WordClasses.DOUBLE_QUOTE;
import static io.polyglow.dataprep.words.WordClasses.EXTEND;
import static io.polyglow.dataprep.words.WordClasses.HANGUL;
import static io.polyglow.dataprep.words.WordClasses.HEBREW;
import static io.polyglow.dataprep.words.WordClasses.JOINER;
import static io.polyglow.dataprep.words.WordClasses.LETTER;
import static io.polyglow.dataprep.words.WordClasses.MID_BOTH;
import static io.polyglow.dataprep.words.WordClasses.MID_LETTER;
import static io.polyglow.dataprep.words.WordClasses.MID_NUMBER;
import static io.polyglow.dataprep.words.WordClasses.NUMERIC;
import static io.polyglow.dataprep.words.WordClasses.SINGLE_QUOTE;
import static io.polyglow.dataprep.words.WordClasses.SPACE;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.text.BreakIterator;
import com.ibm.icu.util.ULocale;
import com.ibm.icu.util.VersionInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a text of any language into words: the word boundaries of Unicode (UAX #29), and ICU4J's dictionaries for Thai, Lao, Khmer, Burmese, Chinese and
 * Japanese. White space is no word; punctuation is, one word a character, except that a run of the same character ({@code ...}) is one. Which dictionary
 * applies is decided by the script, so the language need not be known.
 *
 * <p>Runs without such scripts, surrogates and emoji sequences are cut here, by a table; the result is that of ICU4J's root word iterator, which cuts the
 * others. Time is linear in the text. A run that ICU has to cut is handed to it in parts of at most {@value #MAX_ICU_UNITS} units.
 *
 * <p>Not for several threads at a time; cheap to keep, dear to create.
 */
public final class Words {
    /** Bounds what ICU's dictionary search allocates; no natural run without white space or punctuation is near it. */
    static final int MAX_ICU_UNITS = 1 << 15;

    /** NARROW NO-BREAK SPACE groups digits, so it may stand inside a word; at its ends it is white space like any other. */
    private static final char JOINING_SPACE = '\u202f';

    private final BreakIterator icu = BreakIterator.getWordInstance(ULocale.ROOT);
    private String text = "";
    private int runEnd;
    private int pendingStart;
    private int pendingEnd;

    /** Whatever changes the words of a text changes this. */
    public static String version() {
        return "words 2, icu " + VersionInfo.ICU_VERSION;
    }

    /** Hands all words of {@code text} to {@code sink}, in order. */
    public void of(String text, WordSink sink) {
        this.text = text;
        pendingStart = 0;
        pendingEnd = 0;
        int at = 0;
        while (at < text.length()) {
            if (WordClasses.of(text.charAt(at)) == SPACE) {
                at++;
            } else {
                at = run(at, sink);
            }
        }
        flush(sink);
        this.text = "";
    }

    /** The words as texts, for callers that do not count time. */
    public List<String> of(String text) {
        List<String> words = new ArrayList<>();
        of(text, (start, end) -> words.add(text.substring(start, end)));
        return words;
    }

    /** Cuts what stands between two spaces. */
    private int run(int start, WordSink sink) {
        boolean byIcu = false;
        int end = start;
        for (; end < text.length(); end++) {
            byte unit = WordClasses.of(text.charAt(end));
            if (unit == SPACE) {
                break;
            }
            byIcu |= unit == BY_ICU;
        }
        if (byIcu) {
            cutByIcu(start, end, sink);
        } else {
            cutByTable(start, end, sink);
        }
        return end;
    }

    private void cutByIcu(int start, int end, WordSink sink) {
        for (int from = start; from < end; ) {
            int to = Math.min(end, from + MAX_ICU_UNITS);
            if (to < end
                    && Character.isLowSurrogate(text.charAt(to))
                    && Character.isHighSurrogate(text.charAt(to - 1))) {
                to--;
            }
            icu.setText(text.substring(from, to));
            int last = icu.first();
            for (int next = icu.next(); next != BreakIterator.DONE; next = icu.next()) {
                emit(from + last, from + next, sink);
                last = next;
            }
            from = to;
        }
    }

    private void cutByTable(int start, int end, WordSink sink) {
        runEnd = end;
        for (int at = start; at < end; ) {
            int next = segmentEnd(at);
            emit(at, next, sink);
            at = next;
        }
    }

    /** The end of the segment that starts at {@code at}: rules WB4 to WB13b. */
    private int segmentEnd(int at) {
        byte last = WordClasses.of(text.charAt(at));
        if (last == HANGUL) {
            return afterExtenders(afterSyllables(at + 1));
        }
        int end = afterExtenders(at + 1);
        while (end < runEnd) {
            byte next = WordClasses.of(text.charAt(end));
            if (joins(last, next)) {
                last = next;
                end = afterExtenders(end + 1);
                continue;
            }
            int beyond = afterExtenders(end + 1);
            byte afterNext = beyond < runEnd ? WordClasses.of(text.charAt(beyond)) : SPACE;
            if (!bridges(last, next, afterNext)) {
                return last == HEBREW && next == SINGLE_QUOTE ? beyond : end;
            }
            last = afterNext;
            end = afterExtenders(beyond + 1);
        }
        return end;
    }

    private int afterSyllables(int at) {
        int after = at;
        while (after < runEnd && WordClasses.of(text.charAt(after)) == HANGUL) {
            after++;
        }
        return after;
    }

    private int afterExtenders(int at) {
        int after = at;
        while (after < runEnd && WordClasses.of(text.charAt(after)) == EXTEND) {
            after++;
        }
        return after;
    }

    /** WB5, WB8-WB10, WB13a, WB13b. */
    private static boolean joins(byte last, byte next) {
        boolean alphanumeric = isLetter(next) || next == NUMERIC;
        return switch (last) {
            case LETTER, HEBREW, NUMERIC, JOINER -> alphanumeric || next == JOINER;
            default -> false;
        };
    }

    /** WB6-WB7c, WB11, WB12: whether {@code middle} joins what stands on its two sides. */
    private static boolean bridges(byte last, byte middle, byte next) {
        if (isLetter(last) && isLetter(next)) {
            return middle == MID_LETTER
                    || middle == MID_BOTH
                    || middle == SINGLE_QUOTE
                    || (middle == DOUBLE_QUOTE && last == HEBREW && next == HEBREW);
        }
        return last == NUMERIC
                && next == NUMERIC
                && (middle == MID_NUMBER || middle == MID_BOTH || middle == SINGLE_QUOTE);
    }

    private static boolean isLetter(byte wordClass) {
        return wordClass == LETTER || wordClass == HEBREW;
    }

    /** Holds a word back until it is known whether the next one is the same symbol again. */
    private void emit(int start, int end, WordSink sink) {
        char first = text.charAt(start);
        boolean symbolAgain = end - start == 1
                && start == pendingEnd
                && start > pendingStart
                && first == text.charAt(pendingStart)
                && first == text.charAt(start - 1)
                && !UCharacter.isLetterOrDigit(first);
        if (!symbolAgain) {
            flush(sink);
            pendingStart = start;
        }
        pendingEnd = end;
    }

    private void flush(WordSink sink) {
        int start = pendingStart;
        int end = pendingEnd;
        while (start < end && text.charAt(start) == JOINING_SPACE) {
            start++;
        }
        while (start < end && text.charAt(end - 1) == JOINING_SPACE) {
            end--;
        }
        if (start < end) {
            sink.word(start, end);
        }
    }
}
