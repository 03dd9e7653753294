package io.polyglow.dataprep.words;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UCharacterEnums.ECharacterCategory;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.text.BreakIterator;
import com.ibm.icu.util.ULocale;

/**
 * Counts sentences by UAX #29, with ICU4J's root sentence iterator; a line whose only sentence end is its own end is not handed to it. Linear in the text.
 *
 * <p>Not for several threads at a time.
 */
public final class Sentences {
    private static final byte WORD = 1;
    private static final byte END = 2;
    /** What each UTF-16 unit is: of a word, the end of a sentence, or neither. */
    private static final byte[] KINDS = new byte[1 << Character.SIZE];

    static {
        for (int unit = 0; unit < KINDS.length; unit++) {
            KINDS[unit] = kind((char) unit);
        }
    }

    private final BreakIterator icu = BreakIterator.getSentenceInstance(ULocale.ROOT);

    /** The sentences of one line, 0 when it is blank. */
    public int count(String line) {
        int end = line.length();
        while (end > 0 && UCharacter.isUWhiteSpace(line.charAt(end - 1))) {
            end--;
        }
        if (end == 0) {
            return 0;
        }
        return endsInside(line, end) ? byIcu(line, end) : 1;
    }

    /** Whether something that ends sentences stands before the last character that does not. */
    private static boolean endsInside(String line, int end) {
        int last = end;
        while (last > 0 && KINDS[line.charAt(last - 1)] != WORD) {
            last--;
        }
        for (int i = 0; i < last; i++) {
            if (KINDS[line.charAt(i)] == END) {
                return true;
            }
        }
        return false;
    }

    private static byte kind(char unit) {
        if (UCharacter.isLetterOrDigit(unit)) {
            return WORD;
        }
        return endsSentences(unit) ? END : 0;
    }

    /** Sentence_Terminal, a separator of paragraphs, or half of a character that may be one. */
    private static boolean endsSentences(char unit) {
        return UCharacter.hasBinaryProperty(unit, UProperty.S_TERM)
                || Character.isSurrogate(unit)
                || UCharacter.isISOControl(unit)
                || UCharacter.getType(unit) == ECharacterCategory.LINE_SEPARATOR
                || UCharacter.getType(unit) == ECharacterCategory.PARAGRAPH_SEPARATOR;
    }

    private int byIcu(String line, int end) {
        icu.setText(line.substring(0, end));
        int sentences = 0;
        int start = icu.first();
        for (int next = icu.next(); next != BreakIterator.DONE; start = next, next = icu.next()) {
            sentences += isBlank(line, start, next) ? 0 : 1;
        }
        return sentences;
    }

    private static boolean isBlank(String line, int start, int end) {
        for (int i = start; i < end; i++) {
            if (!UCharacter.isUWhiteSpace(line.charAt(i))) {
                return false;
            }
        }
        return true;
    }
}
