package io.polyglow.common.token.regex;

import org.jspecify.annotations.Nullable;

/** A place in the text of a regular expression. */
final class RegexCursor {
    private final int[] pattern;
    private int at;

    RegexCursor(String regex) {
        pattern = regex.codePoints().toArray();
    }

    boolean atEnd() {
        return at == pattern.length;
    }

    int at() {
        return at;
    }

    /** The next code point, which stays; -1 at the end. */
    int peek() {
        return atEnd() ? -1 : pattern[at];
    }

    int next() {
        if (atEnd()) {
            throw problem("an end where something must follow");
        }
        return pattern[at++];
    }

    boolean follows(String ascii) {
        if (pattern.length - at < ascii.length()) {
            return false;
        }
        for (int i = 0; i < ascii.length(); i++) {
            if (pattern[at + i] != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Goes past the given text if it follows. */
    boolean take(String ascii) {
        boolean follows = follows(ascii);
        at += follows ? ascii.length() : 0;
        return follows;
    }

    /** What stands before the next {@code end}, which goes too. */
    String until(char end) {
        StringBuilder text = new StringBuilder();
        for (int c = next(); c != end; c = next()) {
            text.appendCodePoint(c);
        }
        return text.toString();
    }

    /** {@code {n}}, {@code {n,}}, {@code {,m}} or {@code {n,m}} as n, m and a mark; null, and nothing taken, when none follows. */
    int @Nullable [] interval(int most) {
        int start = at;
        if (take("{")) {
            int min = number(most);
            boolean comma = take(",");
            int max = comma ? number(most) : min;
            if (take("}") && (min >= 0 || max >= 0)) {
                int least = Math.max(min, 0);
                int largest = max < 0 ? Node.UNBOUNDED : max;
                if (largest < least) {
                    throw problem("a repetition of " + least + " to " + largest);
                }
                return new int[] {least, largest, 1};
            }
        }
        at = start;
        return null;
    }

    /** -1 when there is none. */
    private int number(int most) {
        int number = -1;
        while (peek() >= '0' && peek() <= '9') {
            number = Math.max(number, 0) * 10 + next() - '0';
            if (number > most) {
                throw problem("a repetition of more than " + most);
            }
        }
        return number;
    }

    RegexProblem problem(String what) {
        return new RegexProblem(what + ", up to character " + at);
    }
}
