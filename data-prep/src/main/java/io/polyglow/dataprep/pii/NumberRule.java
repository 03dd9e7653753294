package io.polyglow.dataprep.pii;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * A kind of number: how it is written, what its digits must satisfy, and which words announce it where its writing is not telling enough.
 *
 * @param check holds for the letters and digits of a valid number
 * @param words one of them must stand before a number that is not {@link Template#telling}
 */
record NumberRule(PiiKind kind, String name, List<Template> templates, Predicate<String> check, List<String> words) {
    private static final int CONTEXT = 48;

    /**
     * One way of writing: {@code 9} is a digit, {@code A} a capital letter, {@code X} either, {@code -} any dash, a space any space.
     *
     * @param telling whether it needs no word before
     */
    record Template(String form, boolean telling) {
        static Template parse(String text) {
            boolean telling = text.startsWith("!");
            return new Template(telling ? text.substring(1) : text, telling);
        }

        /** How many digits it begins with, before anything else. */
        int leadingDigits() {
            int digits = 0;
            while (digits < form.length() && Chars.isDigit(form.charAt(digits))) {
                digits++;
            }
            return digits;
        }

        /** Whether a run of as many digits can begin a number of this form. */
        boolean canBeginWith(int digits) {
            int own = leadingDigits();
            boolean maybeDigit = own < form.length() && form.charAt(own) == 'X';
            return digits == own || (digits > own && maybeDigit);
        }

        private boolean matches(String text, int start) {
            int end = start + form.length();
            if (end > text.length()) {
                return false;
            }
            for (int i = 0; i < form.length(); i++) {
                if (!Chars.matches(form.charAt(i), text.charAt(start + i))) {
                    return false;
                }
            }
            return Chars.endsAt(text, end);
        }
    }

    /** Whether the number of this rule stands at {@code start}, written as the template says. */
    boolean holds(Template template, String text, int start) {
        return template.matches(text, start)
                && check.test(Chars.compact(text, start, start + template.form().length()))
                && (template.telling() || isAnnounced(text, start));
    }

    private boolean isAnnounced(String text, int start) {
        String before = text.substring(Math.max(0, start - CONTEXT), start).toLowerCase(Locale.ROOT);
        return words.stream().anyMatch(word -> hasWord(before, word));
    }

    private static boolean hasWord(String text, String word) {
        for (int i = text.indexOf(word); i >= 0; i = text.indexOf(word, i + 1)) {
            int end = i + word.length();
            boolean begins = i == 0
                    || !Chars.isSpacedAlphanumeric(text.charAt(i - 1))
                    || !Chars.isSpacedAlphanumeric(word.charAt(0));
            boolean ends = end == text.length() || !Chars.isSpacedAlphanumeric(text.charAt(end));
            if (begins && ends) {
                return true;
            }
        }
        return false;
    }
}
