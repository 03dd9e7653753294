package io.polyglow.dataprep.pii;

import com.ibm.icu.lang.UCharacter;

/** Characters as personal data is written with them: digits of any script, and the many dashes and spaces that stand between. */
final class Chars {
    private Chars() {}

    /** The value of a decimal digit of any script, or -1. */
    static int digit(char c) {
        if (c < 0x80) {
            return c >= '0' && c <= '9' ? c - '0' : -1;
        }
        return UCharacter.digit(c, 10);
    }

    static boolean isDigit(char c) {
        return digit(c) >= 0;
    }

    /** Whether {@code first <= value <= last}. */
    static boolean isIn(int value, int first, int last) {
        return value >= first && value <= last;
    }

    static boolean isUpper(char c) {
        return isIn(c, 'A', 'Z');
    }

    static boolean isAsciiLetter(char c) {
        return isUpper(c) || isIn(c, 'a', 'z');
    }

    static boolean isAlphanumeric(char c) {
        return c < 0x80 ? isAsciiLetter(c) || isDigit(c) : UCharacter.isLetterOrDigit(c);
    }

    /** Letters of scripts that put spaces between words; of others, a letter before a number says nothing. */
    static boolean isSpacedAlphanumeric(char c) {
        return c < 0x2E80 ? isAlphanumeric(c) : isDigit(c);
    }

    static boolean isDash(char c) {
        return c == '-' || isIn(c, 0x2010, 0x2015) || c == 0x2212 || c == 0xFF0D;
    }

    static boolean isSpace(char c) {
        return c == ' ' || c == 0xA0 || c == 0x2007 || c == 0x2009 || c == 0x202F || c == 0x3000;
    }

    /** Whether a character of a text is what a template has at that place, see {@link NumberRule}. */
    static boolean matches(char template, char c) {
        return switch (template) {
            case '9' -> isDigit(c);
            case 'A' -> isUpper(c);
            case 'X' -> isUpper(c) || isDigit(c);
            case '-' -> isDash(c);
            case ' ' -> isSpace(c);
            default -> template == c;
        };
    }

    /** Whether something else begins at {@code end}: no letter or digit, and no separator with a digit behind it, which would make a longer number. */
    static boolean endsAt(String text, int end) {
        if (end == text.length()) {
            return true;
        }
        char next = text.charAt(end);
        boolean goesOn = joins(next) && end + 1 < text.length() && isDigit(text.charAt(end + 1));
        return !isSpacedAlphanumeric(next) && !goesOn;
    }

    /** Whether a number can begin at {@code start}: no letter or digit before, nor a separator with a digit before it. */
    static boolean beginsAt(String text, int start) {
        if (start == 0) {
            return true;
        }
        char before = text.charAt(start - 1);
        boolean goesOn = joins(before) && start > 1 && isDigit(text.charAt(start - 2));
        return !isSpacedAlphanumeric(before) && !goesOn;
    }

    private static boolean joins(char c) {
        return isDash(c) || ".,/:_".indexOf(c) >= 0;
    }

    /** Letters in upper case and ASCII digits of {@code text[start, end)}; all else is left out. */
    static String compact(String text, int start, int end) {
        StringBuilder out = new StringBuilder(end - start);
        for (int i = start; i < end; i++) {
            int digit = digit(text.charAt(i));
            if (digit >= 0) {
                out.append((char) ('0' + digit));
            } else if (isAsciiLetter(text.charAt(i))) {
                out.append(Character.toUpperCase(text.charAt(i)));
            }
        }
        return out.toString();
    }
}
