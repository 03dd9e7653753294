package io.polyglow.dataprep.dedup;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UCharacterCategory;
import com.ibm.icu.lang.UScript;
import com.ibm.icu.text.Normalizer2;

/**
 * What each character becomes when texts are compared, the rules of datatrove's {@code simplify_text} ({@code src/datatrove/utils/text.py}) for every
 * script: folded to lower case, decomposed without its non-spacing and enclosing marks, a decimal digit of any script becomes {@code 0}; punctuation,
 * symbols, white space and controls separate words; format characters go. Hangul syllables stay composed. Unicode's data are ICU4J's.
 */
final class SimpleForm {
    /** The character leaves nothing behind. */
    static final char NOTHING = 0;

    /** The character ends a word. */
    static final char SEPARATOR = ' ';

    /** What the character becomes does not fit one {@code char}: ask {@link #of}. */
    static final char LONG = 0xFFFF;

    private static final int BMP = 0x10000;
    private static final int FIRST_HANGUL_SYLLABLE = 0xAC00;
    private static final int LAST_HANGUL_SYLLABLE = 0xD7A3;
    private static final Normalizer2 NFD = Normalizer2.getNFDInstance();
    private static final int[] UNSEGMENTED = {
        UScript.HAN, UScript.HIRAGANA, UScript.KATAKANA, UScript.THAI, UScript.LAO, UScript.KHMER, UScript.MYANMAR
    };

    private static final char[] TABLE = new char[BMP];
    private static final boolean[] WORDLESS = new boolean[BMP];

    static {
        for (int c = 0; c < BMP; c++) {
            String form = Character.isSurrogate((char) c) ? "" : of(c);
            boolean one = form.length() == 1;
            TABLE[c] = one ? form.charAt(0) : form.isEmpty() && !Character.isSurrogate((char) c) ? NOTHING : LONG;
            WORDLESS[c] = one && isUnsegmented(c);
        }
    }

    private SimpleForm() {}

    /** The form of a {@code char}: itself one, or {@link #NOTHING}, {@link #SEPARATOR}, {@link #LONG}. */
    static char ofChar(char c) {
        return TABLE[c];
    }

    /** Whether the code point is a letter of a script that is written without spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese. */
    static boolean isWordless(int codePoint) {
        return codePoint < BMP ? WORDLESS[codePoint] : isUnsegmented(codePoint);
    }

    /** The form of any code point: none, one or several code points, or a space where words end. */
    static String of(int codePoint) {
        if (separates(codePoint)) {
            return " ";
        }
        if (codePoint >= FIRST_HANGUL_SYLLABLE && codePoint <= LAST_HANGUL_SYLLABLE) {
            return Character.toString(codePoint);
        }
        StringBuilder form = new StringBuilder();
        NFD.normalize(Character.toString(codePoint)).codePoints().forEach(part -> append(part, form));
        return form.toString();
    }

    private static void append(int part, StringBuilder form) {
        switch (UCharacter.getType(part)) {
            case UCharacterCategory.NON_SPACING_MARK, UCharacterCategory.ENCLOSING_MARK, UCharacterCategory.FORMAT -> {}
            case UCharacterCategory.DECIMAL_DIGIT_NUMBER -> form.append('0');
            default -> form.appendCodePoint(UCharacter.foldCase(part, true));
        }
    }

    private static boolean separates(int codePoint) {
        return switch (UCharacter.getType(codePoint)) {
            case UCharacterCategory.SPACE_SEPARATOR,
                    UCharacterCategory.LINE_SEPARATOR,
                    UCharacterCategory.PARAGRAPH_SEPARATOR,
                    UCharacterCategory.CONTROL,
                    UCharacterCategory.SURROGATE,
                    UCharacterCategory.DASH_PUNCTUATION,
                    UCharacterCategory.START_PUNCTUATION,
                    UCharacterCategory.END_PUNCTUATION,
                    UCharacterCategory.CONNECTOR_PUNCTUATION,
                    UCharacterCategory.OTHER_PUNCTUATION,
                    UCharacterCategory.INITIAL_PUNCTUATION,
                    UCharacterCategory.FINAL_PUNCTUATION,
                    UCharacterCategory.MATH_SYMBOL,
                    UCharacterCategory.CURRENCY_SYMBOL,
                    UCharacterCategory.MODIFIER_SYMBOL,
                    UCharacterCategory.OTHER_SYMBOL -> true;
            default -> false;
        };
    }

    private static boolean isUnsegmented(int codePoint) {
        for (int script : UNSEGMENTED) {
            if (UScript.hasScript(codePoint, script)) {
                return true;
            }
        }
        return false;
    }
}
