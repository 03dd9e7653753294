package io.polyglow.dataprep.words;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UCharacter.LineBreak;
import com.ibm.icu.lang.UCharacter.WordBreak;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.lang.UScript;

/** What each UTF-16 unit is for word breaking: Unicode's Word_Break property, with one class for all that only ICU itself can break. */
final class WordClasses {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte HEBREW = 2;
    static final byte NUMERIC = 3;
    static final byte JOINER = 4;
    static final byte EXTEND = 5;
    static final byte MID_LETTER = 6;
    static final byte MID_NUMBER = 7;
    static final byte MID_BOTH = 8;
    static final byte SINGLE_QUOTE = 9;
    static final byte DOUBLE_QUOTE = 10;
    /** White space that no rule joins to anything. */
    static final byte SPACE = 11;
    /** Syllables of Hangul, which ICU joins to one another and to nothing else: {@code 3월} is two words. */
    static final byte HANGUL = 12;
    /** Scripts with dictionaries, surrogates, emoji sequences: a run that holds one of these is ICU's. */
    static final byte BY_ICU = 13;

    private static final char FIRST_SYLLABLE = '\uac00';
    private static final char LAST_SYLLABLE = '\ud7a3';

    private static final byte[] TABLE = new byte[1 << Character.SIZE];

    static {
        for (int c = 0; c < TABLE.length; c++) {
            TABLE[c] = classify(c);
        }
    }

    private WordClasses() {}

    static byte of(char unit) {
        return TABLE[unit];
    }

    private static byte classify(int c) {
        int wordBreak = UCharacter.getIntPropertyValue(c, UProperty.WORD_BREAK);
        if (UCharacter.isUWhiteSpace(c) && wordBreak != WordBreak.EXTENDNUMLET) {
            return SPACE;
        }
        if (c >= FIRST_SYLLABLE && c <= LAST_SYLLABLE) {
            return HANGUL;
        }
        return Character.isSurrogate((char) c) || hasDictionary(c) ? BY_ICU : ofProperty(wordBreak);
    }

    private static byte ofProperty(int wordBreak) {
        return switch (wordBreak) {
            case WordBreak.ALETTER -> LETTER;
            case WordBreak.HEBREW_LETTER -> HEBREW;
            case WordBreak.NUMERIC -> NUMERIC;
            case WordBreak.EXTENDNUMLET -> JOINER;
            case WordBreak.EXTEND, WordBreak.FORMAT -> EXTEND;
            case WordBreak.MIDLETTER -> MID_LETTER;
            case WordBreak.MIDNUM -> MID_NUMBER;
            case WordBreak.MIDNUMLET -> MID_BOTH;
            case WordBreak.SINGLE_QUOTE -> SINGLE_QUOTE;
            case WordBreak.DOUBLE_QUOTE -> DOUBLE_QUOTE;
            case WordBreak.KATAKANA, WordBreak.ZWJ, WordBreak.REGIONAL_INDICATOR -> BY_ICU;
            default -> OTHER;
        };
    }

    private static boolean hasDictionary(int c) {
        int script = UScript.getScript(c);
        return script == UScript.HAN
                || script == UScript.HIRAGANA
                || script == UScript.KATAKANA
                || UCharacter.getIntPropertyValue(c, UProperty.LINE_BREAK) == LineBreak.COMPLEX_CONTEXT;
    }
}
