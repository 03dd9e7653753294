package io.polyglow.dataprep.language;

import com.ibm.icu.lang.UCharacter;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a text into the pieces whose language is asked for: lines, and short ones with those that follow them, since a language is not told from a few letters. A piece also ends where the script
 * changes. Never more than {@link #MAX} pieces: of a long text, neighbours are taken together.
 */
final class Paragraphs {
    /** Most pieces of a text. */
    static final int MAX = 64;

    /** Shorter pieces grow by the next line, if that is in the same script. */
    private static final int MIN_CHARS = 60;
    /** In longer texts a change of script in between makes no difference to the pieces, which are longer too. */
    private static final int MAX_CHARS_FOR_SCRIPTS = 1 << 16;

    private Paragraphs() {}

    /** The pieces {@code {start, end}}, in order; blank lines between pieces belong to none. */
    static List<int[]> of(String text) {
        return atMost(MAX, pieces(text));
    }

    private static List<int[]> pieces(String text) {
        List<int[]> pieces = new ArrayList<>();
        String scriptBefore = Scripts.UNKNOWN;
        for (int[] line : lines(text)) {
            String script = text.length() > MAX_CHARS_FOR_SCRIPTS ? "" : Scripts.dominant(text, line[0], line[1]);
            int[] last = pieces.isEmpty() ? null : pieces.get(pieces.size() - 1);
            if (last != null && last[1] - last[0] < MIN_CHARS && isSame(scriptBefore, script)) {
                last[1] = line[1];
            } else {
                pieces.add(line);
                scriptBefore = Scripts.UNKNOWN;
            }
            scriptBefore = script.equals(Scripts.UNKNOWN) ? scriptBefore : script;
        }
        return pieces;
    }

    private static boolean isSame(String script, String other) {
        return script.equals(other) || script.equals(Scripts.UNKNOWN) || other.equals(Scripts.UNKNOWN);
    }

    private static List<int[]> lines(String text) {
        List<int[]> lines = new ArrayList<>();
        for (int start = 0; start < text.length(); ) {
            int newline = text.indexOf('\n', start);
            int end = newline < 0 ? text.length() : newline;
            if (!isBlank(text, start, end)) {
                lines.add(new int[] {start, end});
            }
            start = end + 1;
        }
        return lines;
    }

    private static boolean isBlank(String text, int start, int end) {
        int i = start;
        while (i < end && UCharacter.isWhitespace(text.charAt(i))) {
            i++;
        }
        return i == end;
    }

    private static List<int[]> atMost(int max, List<int[]> pieces) {
        if (pieces.size() <= max) {
            return pieces;
        }
        int together = (pieces.size() + max - 1) / max;
        List<int[]> merged = new ArrayList<>();
        for (int i = 0; i < pieces.size(); i += together) {
            int[] last = pieces.get(Math.min(pieces.size(), i + together) - 1);
            merged.add(new int[] {pieces.get(i)[0], last[1]});
        }
        return merged;
    }
}
