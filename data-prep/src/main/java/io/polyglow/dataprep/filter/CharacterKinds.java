package io.polyglow.dataprep.filter;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;

/** What a character is to the filters, as bits; those of the first 65,536 from a table. */
final class CharacterKinds {
    /** A letter: general categories Lu, Ll, Lt, Lm, Lo, as Python's {@code isalpha}. */
    static final int LETTER = 1;
    /** What words of symbols are made of, datatrove's {@code PUNCTUATION_SET}: some 130 marks, control characters, and all that ends sentences. */
    static final int PUNCTUATION = 2;
    /** What ends a sentence in any script: Unicode's Sentence_Terminal, and three Khmer signs that datatrove's list has too. */
    static final int TERMINAL = 4;
    /** White space as Python's {@code isspace}: Unicode's, and the four separators U+001C to U+001F. */
    static final int SPACE = 8;
    /** A decimal digit of any script (Nd). */
    static final int DIGIT = 16;
    /** An upper-case or title-case letter. */
    static final int UPPER = 32;
    /** Where Python's {@code splitlines} cuts. */
    static final int LINE_END = 64;

    private static final String MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～";
    private static final String LINE_ENDS = "\n\u000b\f\r\u001c\u001d\u001e\u0085\u2028\u2029";
    private static final String KHMER_TERMINALS = "\u17d6\u17d9\u17da";
    private static final byte[] TABLE = new byte[1 << Character.SIZE];

    static {
        for (int c = 0; c < TABLE.length; c++) {
            TABLE[c] = (byte) classify(c);
        }
    }

    private CharacterKinds() {}

    static int of(int codePoint) {
        return codePoint < TABLE.length ? TABLE[codePoint] : classify(codePoint);
    }

    static boolean is(int codePoint, int kind) {
        return (of(codePoint) & kind) != 0;
    }

    private static int classify(int c) {
        boolean terminal = UCharacter.hasBinaryProperty(c, UProperty.S_TERM) || KHMER_TERMINALS.indexOf(c) >= 0;
        boolean separator = c >= 0x1c && c <= 0x1f;
        return (UCharacter.isLetter(c) ? LETTER : 0)
                | (terminal ? TERMINAL | PUNCTUATION : 0)
                | (MARKS.indexOf(c) >= 0 || isControl(c) ? PUNCTUATION : 0)
                | (UCharacter.isUWhiteSpace(c) || separator ? SPACE : 0)
                | (UCharacter.isDigit(c) ? DIGIT : 0)
                | (UCharacter.isUpperCase(c) || UCharacter.isTitleCase(c) ? UPPER : 0)
                | (LINE_ENDS.indexOf(c) >= 0 ? LINE_END : 0);
    }

    /** C0, DEL and C1, without tab and line feed. */
    private static boolean isControl(int c) {
        return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
    }
}
