package io.polyglow.dataprep.filter;

import static io.polyglow.dataprep.filter.CharacterKinds.LINE_END;
import static io.polyglow.dataprep.filter.CharacterKinds.SPACE;

/** The three ways in which the filters cut a text into lines; each follows the function of Python that its source uses. */
final class TextLines {
    private TextLines() {}

    /** Python's {@code splitlines}: at line feed, carriage return, U+2028 and the like; no line after the last end. */
    static void split(String text, LineSink sink) {
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            if (CharacterKinds.is(unit, LINE_END)) {
                boolean pair = unit == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n';
                int next = i + (pair ? 2 : 1);
                sink.line(start, i, next);
                start = next;
                i = next - 1;
            }
        }
        if (start < text.length()) {
            sink.line(start, text.length(), text.length());
        }
    }

    /** Python's {@code split("\n")}: a line after the last line feed too, if only an empty one. */
    static void atLineFeeds(String text, LineSink sink) {
        atRuns(text, 0, text.length(), 1, 1, sink);
    }

    /** {@code re.split("\n{least,}")}: at runs of at least so many line feeds. */
    static void atRuns(String text, int from, int to, int least, LineSink sink) {
        atRuns(text, from, to, least, Integer.MAX_VALUE, sink);
    }

    private static void atRuns(String text, int from, int to, int least, int most, LineSink sink) {
        int start = from;
        int i = text.indexOf('\n', from);
        while (i >= 0 && i < to) {
            int end = i + 1;
            while (end < to && end - i < most && text.charAt(end) == '\n') {
                end++;
            }
            if (end - i >= least) {
                sink.line(start, i, end);
                start = end;
            }
            i = text.indexOf('\n', end);
        }
        sink.line(start, to, to);
    }

    /** Where the first character that is no white space stands, or {@code end}. */
    static int skipSpace(String text, int start, int end) {
        int at = start;
        while (at < end && CharacterKinds.is(text.charAt(at), SPACE)) {
            at++;
        }
        return at;
    }

    /** Behind the last character that is no white space, or {@code start}. */
    static int trimSpace(String text, int start, int end) {
        int at = end;
        while (at > start && CharacterKinds.is(text.charAt(at - 1), SPACE)) {
            at--;
        }
        return at;
    }

    /** Whether {@code [start, end)} ends with three full stops or an ellipsis. */
    static boolean endsWithEllipsis(String text, int start, int end) {
        return end > start && (text.charAt(end - 1) == '…' || (end - 3 >= start && text.startsWith("...", end - 3)));
    }

    /** Code points of {@code [start, end)}, as Python's {@code len}. */
    static int chars(String text, int start, int end) {
        return text.codePointCount(start, end);
    }
}
