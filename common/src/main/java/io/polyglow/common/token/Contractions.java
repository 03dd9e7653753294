package io.polyglow.common.token;

/** English endings after an apostrophe: {@code 's|'t|'re|'ve|'m|'ll|'d}. */
final class Contractions {
    private Contractions() {}

    /** The end of the contraction whose apostrophe is at {@code apostrophe}, in lower case only; {@code apostrophe} if there is none. */
    static int end(byte[] utf8, int apostrophe, int limit) {
        int at = apostrophe + 1;
        if (at >= limit) {
            return apostrophe;
        }
        int length = length(utf8[at], at + 1 < limit ? utf8[at + 1] : 0);
        return length == 0 ? apostrophe : at + length;
    }

    /**
     * {@code (?i:...)}: in either case, and with the long s, U+017F, which folds to s (Unicode's CaseFolding.txt; no other character folds to one of
     * these letters).
     */
    static int endIgnoringCase(byte[] utf8, int apostrophe, int limit) {
        int at = apostrophe + 1;
        if (at >= limit) {
            return apostrophe;
        }
        byte second = at + 1 < limit ? utf8[at + 1] : 0;
        if (utf8[at] == (byte) 0xC5 && second == (byte) 0xBF) {
            return at + 2;
        }
        int length = length(lower(utf8[at]), lower(second));
        return length == 0 ? apostrophe : at + length;
    }

    private static int length(int first, int second) {
        switch (first) {
            case 's', 't', 'm', 'd' -> {
                return 1;
            }
            case 'r', 'v' -> {
                return second == 'e' ? 2 : 0;
            }
            default -> {
                return first == 'l' && second == 'l' ? 2 : 0;
            }
        }
    }

    private static int lower(int letter) {
        return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter;
    }
}
