package io.polyglow.dataprep.pii;

import static io.polyglow.dataprep.pii.Chars.isIn;
import static io.polyglow.dataprep.pii.CheckDigits.digit;
import static io.polyglow.dataprep.pii.CheckDigits.isDate;
import static io.polyglow.dataprep.pii.CheckDigits.isDayMonth;
import static io.polyglow.dataprep.pii.CheckDigits.isMonthDay;
import static io.polyglow.dataprep.pii.CheckDigits.two;
import static io.polyglow.dataprep.pii.CheckDigits.weighted;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The checks that {@code number-rules.tsv} names. Each takes the letters and digits of a number that has the rule's form; sources in {@code docs/design/data-prep-pii.md}.
 */
final class NumberChecks {
    private static final String DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";
    private static final String HETU_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    private static final String PPS_LETTERS = "WABCDEFGHIJKLMNOPQRSTUV";
    private static final String TW_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    private static final String CURP_ALPHABET = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ";
    private static final int[] IT_ODD = {
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23
    };

    private static final Map<String, Predicate<String>> CHECKS = new HashMap<>();

    static {
        CHECKS.put("bsn", n -> mod(weighted(n, 9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0);
        CHECKS.put("card", n -> CheckDigits.luhn(n) && isIssued(n));
        CHECKS.put("cn", n -> isMonthDay(n, 10) && isCentury(n, 6) && CheckDigits.mod11And2(n));
        CHECKS.put("cnp", NumberChecks::isCnp);
        CHECKS.put("cnpj", n -> cpfDigit(n, 12, 9) && cpfDigit(n, 13, 9));
        CHECKS.put("cpf", n -> cpfDigit(n, 9, 11) && cpfDigit(n, 10, 11));
        CHECKS.put("cuit", n -> isCuitKind(n) && lastIs(n, (11 - weighted(n, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11) % 11));
        CHECKS.put("curp", NumberChecks::isCurp);
        CHECKS.put("dk-cpr", n -> isDayMonth(n, 0));
        CHECKS.put("dni", NumberChecks::isDni);
        CHECKS.put("ean", CheckDigits::ean13);
        CHECKS.put(
                "egn",
                n -> isDate(two(n, 2) % 20, two(n, 4))
                        && two(n, 2) < 60
                        && lastIs(n, weighted(n, 2, 4, 8, 5, 10, 9, 7, 3, 6) % 11 % 10));
        CHECKS.put(
                "fnr",
                n -> isDate(two(n, 2), two(n, 0) % 40)
                        && mod(weighted(n, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1), 11) == 0
                        && mod(weighted(n, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), 11) == 0);
        CHECKS.put("gr-amka", n -> isDayMonth(n, 0) && CheckDigits.luhn(n));
        CHECKS.put("hetu", NumberChecks::isHetu);
        CHECKS.put("hkid", NumberChecks::isHkid);
        CHECKS.put(
                "inn",
                n -> digit(n, 10) == weighted(n, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) % 11 % 10
                        && lastIs(n, weighted(n, 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) % 11 % 10));
        CHECKS.put("it-cf", NumberChecks::isCodiceFiscale);
        CHECKS.put(
                "kr",
                n -> isMonthDay(n, 2)
                        && digit(n, 6) >= 1
                        && digit(n, 6) <= 8
                        && lastIs(n, (11 - weighted(n, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5) % 11) % 10));
        CHECKS.put("luhn", n -> n.charAt(0) != '0' && CheckDigits.luhn(n));
        CHECKS.put("my-nric", n -> isMonthDay(n, 2) && n.charAt(6) <= '8' && two(n, 6) != 0);
        CHECKS.put("my-number", NumberChecks::isMyNumber);
        CHECKS.put("nhs", n -> mod(weighted(n, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 11) == 0);
        CHECKS.put(
                "nif",
                n -> "12356789".indexOf(n.charAt(0)) >= 0
                        && lastIs(n, (11 - weighted(n, 9, 8, 7, 6, 5, 4, 3, 2) % 11) % 11 % 10));
        CHECKS.put("nik", n -> isDate(two(n, 8), two(n, 6) % 40) && two(n, 0) >= 11);
        CHECKS.put("nino", NumberChecks::isNino);
        CHECKS.put("nir", NumberChecks::isNir);
        CHECKS.put("pan", n -> "ABCFGHJLPT".indexOf(n.charAt(3)) >= 0);
        CHECKS.put(
                "pesel",
                n -> isDate(two(n, 2) % 20, two(n, 4)) && mod(weighted(n, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10) == 0);
        CHECKS.put("pnr", n -> isPersonnummer(n.substring(n.length() - 10)));
        CHECKS.put("pps", NumberChecks::isPps);
        CHECKS.put("rc", n -> isDate(two(n, 2) % 50 % 20, two(n, 4)) && Long.parseLong(n) % 11 == 0);
        CHECKS.put("rnokpp", n -> lastIs(n, mod(weighted(n, -1, 5, 7, 9, 4, 6, 10, 5, 7), 11) % 10));
        CHECKS.put("rrn", NumberChecks::isRrn);
        CHECKS.put("rut", NumberChecks::isRut);
        CHECKS.put("sg", NumberChecks::isNric);
        CHECKS.put("snils", n -> two(n, 9) == weighted(n, 9, 8, 7, 6, 5, 4, 3, 2, 1) % 101 % 100);
        CHECKS.put("ssn", NumberChecks::isSsn);
        CHECKS.put("steuer-id", n -> n.charAt(0) != '0' && isSteuerDigits(n) && CheckDigits.mod11And10(n));
        CHECKS.put(
                "svnr",
                n -> n.charAt(0) != '0'
                        && isDayMonth(n, 4)
                        && digit(n, 3) == weighted(n, 3, 7, 9, 0, 5, 8, 4, 2, 1, 6) % 11);
        CHECKS.put("tckn", NumberChecks::isTckn);
        CHECKS.put("tfn", n -> mod(weighted(n, 1, 4, 3, 7, 5, 8, 6, 9, 10), 11) == 0);
        CHECKS.put(
                "th",
                n -> n.charAt(0) != '0'
                        && lastIs(n, (11 - weighted(n, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) % 11) % 10));
        CHECKS.put("tw", NumberChecks::isTaiwanId);
        CHECKS.put("verhoeff", n -> n.charAt(0) >= '2' && CheckDigits.verhoeff(n));
        CHECKS.put("za", n -> isMonthDay(n, 2) && n.charAt(10) <= '2' && CheckDigits.luhn(n));
    }

    private NumberChecks() {}

    /** The check of this name; it also refuses numbers of one digit repeated. */
    static Predicate<String> named(String name) {
        Predicate<String> check = CHECKS.get(name);
        if (check == null) {
            throw new IllegalArgumentException("no check " + name);
        }
        return number -> !CheckDigits.isOneDigit(number) && check.test(number);
    }

    private static boolean lastIs(String number, int digit) {
        return digit(number, number.length() - 1) == digit;
    }

    private static int mod(int value, int modulus) {
        return Math.floorMod(value, modulus);
    }

    private static boolean isCentury(String number, int at) {
        return two(number, at) == 19 || two(number, at) == 20;
    }

    /** Ranges that the large issuers use (ISO/IEC 7812): Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay, Maestro, Mir. */
    private static boolean isIssued(String number) {
        int four = Integer.parseInt(number.substring(0, 4));
        int two = four / 100;
        return switch (number.length()) {
            case 13 -> two / 10 == 4;
            case 15 -> two == 34 || two == 37;
            case 16 ->
                two / 10 == 4
                        || isIn(two, 51, 55)
                        || isIn(four, 2221, 2720)
                        || isIn(four, 2200, 2204)
                        || four == 6011
                        || two == 65
                        || two == 62
                        || isIn(four, 3528, 3589)
                        || isIn(four, 6440, 6499);
            default -> two / 10 == 4 || two == 62 || two == 50 || isIn(two, 56, 58) || two == 67;
        };
    }

    /** Weights fall to 2 towards the check digit; for CNPJ they begin anew at 9. */
    private static boolean cpfDigit(String number, int at, int maxWeight) {
        int sum = 0;
        for (int i = 0; i < at; i++) {
            sum += digit(number, i) * (2 + (at - 1 - i) % (maxWeight - 1));
        }
        int rest = sum % 11;
        return digit(number, at) == (rest < 2 ? 0 : 11 - rest);
    }

    private static boolean isCnp(String number) {
        int rest = weighted(number, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11;
        return number.charAt(0) != '0' && isMonthDay(number, 3) && lastIs(number, rest == 10 ? 1 : rest);
    }

    private static boolean isCuitKind(String number) {
        int kind = two(number, 0);
        return kind == 20 || isIn(kind, 23, 27) || kind == 30 || kind == 33 || kind == 34;
    }

    private static boolean isCurp(String curp) {
        if (!isMonthDay(curp, 6) || "HMX".indexOf(curp.charAt(10)) < 0) {
            return false;
        }
        int sum = 0;
        for (int i = 0; i < 17; i++) {
            sum += (18 - i) * CURP_ALPHABET.indexOf(curp.charAt(i));
        }
        return lastIs(curp, (10 - sum % 10) % 10);
    }

    private static boolean isDni(String number) {
        String digits = number.substring(0, number.length() - 1);
        int nie = "XYZ".indexOf(digits.charAt(0));
        if (!Character.isDigit(digits.charAt(0)) && nie < 0) {
            return false;
        }
        int value = Integer.parseInt(nie < 0 ? digits : nie + digits.substring(1));
        return value > 99 && number.charAt(number.length() - 1) == DNI_LETTERS.charAt(value % 23);
    }

    /** The century sign may be a letter, which compacting keeps, or a sign, which it does not. */
    private static boolean isHetu(String number) {
        String digits = number.length() == 11 ? number.substring(0, 6) + number.substring(7) : number;
        return isDayMonth(digits, 0)
                && digits.charAt(9) == HETU_LETTERS.charAt((int) (Long.parseLong(digits.substring(0, 9)) % 31));
    }

    private static boolean isHkid(String number) {
        int sum = 36 * 9 + 8 * (number.charAt(0) - 'A' + 10);
        for (int i = 1; i < 7; i++) {
            sum += (8 - i) * digit(number, i);
        }
        char last = number.charAt(7);
        int check = last == 'A' ? 10 : last - '0';
        return check <= 10 && (sum + check) % 11 == 0;
    }

    private static boolean isCodiceFiscale(String number) {
        String alphabetOfMonths = "ABCDEHLMPRST";
        int sum = 0;
        for (int i = 0; i < 15; i++) {
            char c = number.charAt(i);
            int value = c <= '9' ? c - '0' : c - 'A';
            sum += i % 2 == 0 ? IT_ODD[value] : value;
        }
        return alphabetOfMonths.indexOf(number.charAt(8)) >= 0 && number.charAt(15) == 'A' + sum % 26;
    }

    private static boolean isMyNumber(String number) {
        int rest = weighted(number, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11;
        return lastIs(number, rest <= 1 ? 0 : 11 - rest);
    }

    private static boolean isNino(String number) {
        String prefix = number.substring(0, 2);
        return "DFIQUV".indexOf(prefix.charAt(0)) < 0
                && "DFIQUVO".indexOf(prefix.charAt(1)) < 0
                && !"BG GB NK KN TN NT ZZ".contains(prefix)
                && number.charAt(8) <= 'D';
    }

    /** Sex, year, month (over 12 when unknown), place (Corsica 2A, 2B), order; key 97 minus the rest. */
    private static boolean isNir(String number) {
        String digits = number.replace("2A", "19").replace("2B", "18");
        if (!digits.chars().allMatch(c -> c <= '9')) {
            return false;
        }
        int month = two(number, 3);
        boolean written = "12378".indexOf(number.charAt(0)) >= 0 && (isIn(month, 1, 12) || month >= 20);
        return written && 97 - Long.parseLong(digits.substring(0, 13)) % 97 == two(digits, 13);
    }

    private static boolean isPersonnummer(String number) {
        return isDate(two(number, 2), two(number, 4) % 60) && CheckDigits.luhn(number);
    }

    private static boolean isPps(String number) {
        int sum = weighted(number, 8, 7, 6, 5, 4, 3, 2);
        int second = number.length() > 8 && number.charAt(8) != 'W' ? number.charAt(8) - 'A' + 1 : 0;
        return number.charAt(7) == PPS_LETTERS.charAt((sum + 9 * second) % 23);
    }

    /** For births from 2000 on a 2 is put before the number. */
    private static boolean isRrn(String number) {
        long base = Long.parseLong(number.substring(0, 9));
        int check = two(number, 9);
        boolean dated = two(number, 2) % 20 <= 12 && two(number, 4) <= 31;
        return dated && (97 - base % 97 == check || 97 - (2_000_000_000L + base) % 97 == check);
    }

    private static boolean isRut(String number) {
        int sum = 0;
        int last = number.length() - 1;
        for (int i = 0; i < last; i++) {
            sum += (2 + i % 6) * digit(number, last - 1 - i);
        }
        int check = 11 - sum % 11;
        char expected = check == 11 ? '0' : check == 10 ? 'K' : (char) ('0' + check);
        return number.charAt(last) == expected;
    }

    private static boolean isNric(String number) {
        char kind = number.charAt(0);
        int sum = weighted(number.substring(1), 2, 7, 6, 5, 4, 3, 2);
        return switch (kind) {
            case 'S', 'T' -> number.charAt(8) == "JZIHGFEDCBA".charAt((sum + (kind == 'T' ? 4 : 0)) % 11);
            case 'F', 'G' -> number.charAt(8) == "XWUTRQPNMLK".charAt((sum + (kind == 'G' ? 4 : 0)) % 11);
            default -> false;
        };
    }

    private static boolean isSsn(String number) {
        int area = Integer.parseInt(number.substring(0, 3));
        boolean sample = number.equals("078051120") || number.equals("219099999") || number.equals("123456789");
        return area > 0 && area != 666 && area < 900 && two(number, 3) > 0 && !number.endsWith("0000") && !sample;
    }

    /** Among the first ten digits exactly one occurs twice or three times, and the others at most once. */
    private static boolean isSteuerDigits(String number) {
        int[] counts = new int[10];
        for (int i = 0; i < 10; i++) {
            counts[digit(number, i)]++;
        }
        int repeated = 0;
        for (int count : counts) {
            if (count > 3) {
                return false;
            }
            repeated += count > 1 ? 1 : 0;
        }
        return repeated == 1;
    }

    private static boolean isTckn(String number) {
        int odd = weighted(number, 1, 0, 1, 0, 1, 0, 1, 0, 1);
        int even = weighted(number, 0, 1, 0, 1, 0, 1, 0, 1);
        int tenth = mod(7 * odd - even, 10);
        return number.charAt(0) != '0' && digit(number, 9) == tenth && lastIs(number, (odd + even + tenth) % 10);
    }

    private static boolean isTaiwanId(String number) {
        int letter = TW_LETTERS.indexOf(number.charAt(0)) + 10;
        int sum = letter / 10 + 9 * (letter % 10) + weighted(number.substring(1), 8, 7, 6, 5, 4, 3, 2, 1, 1);
        return "1289".indexOf(number.charAt(1)) >= 0 && sum % 10 == 0;
    }
}
