package io.polyglow.dataprep.pii;

/** The arithmetic of check digits. Numbers are ASCII digits, most significant first. */
final class CheckDigits {
    private static final int[][] VERHOEFF_PRODUCT = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
        {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
        {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
        {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
        {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
        {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
        {6, 5, 9, 8, 7, 1, 0, 4, 3, 2},
        {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
        {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
        {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}
    };
    private static final int[] VERHOEFF_STEP = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};

    private CheckDigits() {}

    /** Sum of digits times weights, from the first digit on, as many as there are weights. */
    static int weighted(String number, int... weights) {
        int sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += weights[i] * digit(number, i);
        }
        return sum;
    }

    static int digit(String number, int index) {
        return number.charAt(index) - '0';
    }

    /** Luhn's formula (ISO/IEC 7812): every second digit from the right doubled. */
    static boolean luhn(String number) {
        int sum = 0;
        for (int i = 0; i < number.length(); i++) {
            int digit = digit(number, number.length() - 1 - i);
            int value = i % 2 == 0 ? digit : 2 * digit;
            sum += value > 9 ? value - 9 : value;
        }
        return sum % 10 == 0;
    }

    /** Verhoeff's dihedral check (Error Detecting Decimal Codes, 1969). */
    static boolean verhoeff(String number) {
        int check = 0;
        for (int i = 0; i < number.length(); i++) {
            int value = digit(number, number.length() - 1 - i);
            for (int step = 0; step < i % 8; step++) {
                value = VERHOEFF_STEP[value];
            }
            check = VERHOEFF_PRODUCT[check][value];
        }
        return check == 0;
    }

    /** ISO/IEC 7064, MOD 11-10. */
    static boolean mod11And10(String number) {
        int product = 10;
        for (int i = 0; i < number.length() - 1; i++) {
            int sum = (digit(number, i) + product) % 10;
            product = 2 * (sum == 0 ? 10 : sum) % 11;
        }
        return (11 - product) % 10 == digit(number, number.length() - 1);
    }

    /** ISO/IEC 7064, MOD 11-2; the last character may be X for 10. */
    static boolean mod11And2(String number) {
        int product = 0;
        for (int i = 0; i < number.length() - 1; i++) {
            product = (product + digit(number, i)) * 2 % 11;
        }
        char last = number.charAt(number.length() - 1);
        return (12 - product) % 11 == (last == 'X' ? 10 : last - '0');
    }

    /** EAN-13: weights 1 and 3 in turn. */
    static boolean ean13(String number) {
        return weighted(number, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1) % 10 == 0;
    }

    /** Whether {@code number[at, at + 4)} is a month and a day. */
    static boolean isMonthDay(String number, int at) {
        return isDate(two(number, at), two(number, at + 2));
    }

    /** Whether {@code number[at, at + 4)} is a day and a month. */
    static boolean isDayMonth(String number, int at) {
        return isDate(two(number, at + 2), two(number, at));
    }

    static boolean isDate(int month, int day) {
        int longest = month == 2 ? 29 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
        return month >= 1 && month <= 12 && day >= 1 && day <= longest;
    }

    static int two(String number, int at) {
        return 10 * digit(number, at) + digit(number, at + 1);
    }

    /** Whether all digits are the same: placeholders and tests, though many check sums hold for them. */
    static boolean isOneDigit(String number) {
        return number.chars().allMatch(c -> c == number.charAt(0));
    }
}
