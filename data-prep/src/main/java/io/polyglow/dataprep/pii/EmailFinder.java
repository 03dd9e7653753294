package io.polyglow.dataprep.pii;

import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * E-mail addresses: dot-atoms of RFC 5322 at domain names, international ones (RFC 6531) in scripts that put spaces between words. Names that RFC 2606 and RFC 6761 reserve for examples
 * are nobody's. Called at the {@code @}.
 */
final class EmailFinder implements PiiFinder {
    private static final int MAX_LOCAL = 64;
    private static final int MAX_DOMAIN = 253;
    private static final int MAX_LABEL = 63;
    private static final String LOCAL_MARKS = ".!#$%&'*+/=?^_`{|}~-";
    private static final String EDGE_MARKS = ".!#$%&'*/=?^`{|}~";
    private static final Set<String> RESERVED = Set.of("example", "test", "invalid", "localhost");

    @Override
    public @Nullable PiiSpan at(String text, int at) {
        int start = localStart(text, at);
        int end = domainEnd(text, at + 1);
        if (start == at || end < 0) {
            return null;
        }
        String domain = text.substring(at + 1, end).toLowerCase(Locale.ROOT);
        return isReserved(domain) ? null : new PiiSpan(start, end, PiiKind.EMAIL, "");
    }

    private static int localStart(String text, int at) {
        int start = at;
        while (start > 0 && at - start < MAX_LOCAL && isLocal(text, start - 1)) {
            start--;
        }
        while (start < at && EDGE_MARKS.indexOf(text.charAt(start)) >= 0) {
            start++;
        }
        return start < at && text.charAt(at - 1) == '.' ? at : start;
    }

    private static boolean isLocal(String text, int i) {
        char c = text.charAt(i);
        boolean doubleDot = c == '.' && text.charAt(i + 1) == '.';
        return isWordLetter(c) || (LOCAL_MARKS.indexOf(c) >= 0 && !doubleDot);
    }

    /** The end of the longest domain name of at least two labels, the last one of letters; -1 if there is none. */
    private static int domainEnd(String text, int start) {
        int best = -1;
        int labelStart = start;
        while (labelStart < text.length() && labelStart - start < MAX_DOMAIN) {
            int labelEnd = labelEnd(text, labelStart);
            if (labelEnd == labelStart) {
                break;
            }
            if (labelStart > start && isTopLevel(text, labelStart, labelEnd)) {
                best = labelEnd;
            }
            if (labelEnd >= text.length() || text.charAt(labelEnd) != '.') {
                break;
            }
            labelStart = labelEnd + 1;
        }
        return best;
    }

    private static int labelEnd(String text, int start) {
        int end = start;
        while (end < text.length()
                && end - start <= MAX_LABEL
                && (isWordLetter(text.charAt(end)) || text.charAt(end) == '-')) {
            end++;
        }
        while (end > start && text.charAt(end - 1) == '-') {
            end--;
        }
        boolean valid = end - start <= MAX_LABEL && end > start && text.charAt(start) != '-';
        return valid ? end : start;
    }

    private static boolean isTopLevel(String text, int start, int end) {
        if (text.startsWith("xn--", start)) {
            return true;
        }
        for (int i = start; i < end; i++) {
            if (Chars.isDigit(text.charAt(i)) || text.charAt(i) == '-') {
                return false;
            }
        }
        return end - start >= 2;
    }

    private static boolean isReserved(String domain) {
        String[] labels = domain.split("\\.");
        String top = labels[labels.length - 1];
        boolean example = labels[labels.length - 2].equals("example")
                && Set.of("com", "net", "org").contains(top);
        return example || RESERVED.contains(top);
    }

    /** Letters and digits of Latin, Greek, Cyrillic and Armenian: in scripts without spaces a name would swallow the sentence before it. */
    private static boolean isWordLetter(char c) {
        return c < 0x0590 && Chars.isAlphanumeric(c);
    }
}
