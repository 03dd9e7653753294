package io.polyglow.dataprep.filter;

/** Measures lines and paragraphs: Gopher's, mC4's and FineWeb's numbers. Not for several threads at a time. */
final class LineMeter {
    private static final int LONG_LINE = 200;
    private static final int SHORT_LINE = 30;

    private final HashCounter seen = new HashCounter();
    private int lines;
    private int marked;
    private int ended;
    private long duplicates;
    private long duplicateChars;

    /** Gopher's lines are Python's {@code splitlines}; mC4's are cut at line feeds. */
    QualityStats.LineStats lines(String text) {
        start();
        TextLines.split(text, (from, to, next) -> {
            lines++;
            int first = TextLines.skipSpace(text, from, to);
            marked += first < to && (text.charAt(first) == '•' || text.charAt(first) == '-') ? 1 : 0;
            ended += TextLines.endsWithEllipsis(text, first, TextLines.trimSpace(text, first, to)) ? 1 : 0;
        });
        int[] longLines = {0};
        TextLines.atLineFeeds(
                text,
                (from, to, next) ->
                        longLines[0] += to - from >= LONG_LINE && TextLines.chars(text, from, to) >= LONG_LINE ? 1 : 0);
        return new QualityStats.LineStats(lines, Ratio.of(marked, lines), Ratio.of(ended, lines), longLines[0]);
    }

    QualityStats.FineWebStats fineweb(String text, int textChars, int words) {
        start();
        int[] lineFeeds = {-1};
        TextLines.atLineFeeds(text, (from, to, next) -> {
            lineFeeds[0]++;
            if (TextLines.skipSpace(text, from, to) < to) {
                countIfSeen(text, from, to);
                int chars = TextLines.chars(text, from, to);
                marked += chars <= SHORT_LINE ? 1 : 0;
                ended += CharacterKinds.is(text.codePointBefore(to), CharacterKinds.TERMINAL) ? 1 : 0;
            }
        });
        return new QualityStats.FineWebStats(
                lines,
                Ratio.of(ended, lines),
                Ratio.of(marked, lines),
                Ratio.of(duplicateChars, textChars - lineFeeds[0]),
                Ratio.of(lineFeeds[0], words));
    }

    /** Lines and paragraphs as Gopher's repetition rules cut them; n-grams come from {@code grams}. */
    QualityStats.RepetitionStats repetition(String text, int textChars, NGrams grams) {
        start();
        TextLines.atRuns(text, 0, text.length(), 1, (from, to, next) -> countIfSeen(text, from, to));
        double lineShare = Ratio.of(duplicates, lines);
        double lineChars = Ratio.of(duplicateChars, textChars);
        start();
        int first = TextLines.skipSpace(text, 0, text.length());
        int last = TextLines.trimSpace(text, first, text.length());
        TextLines.atRuns(text, first, last, 2, (from, to, next) -> countIfSeen(text, from, to));
        return new QualityStats.RepetitionStats(
                lineShare,
                lineChars,
                Ratio.of(duplicates, lines),
                Ratio.of(duplicateChars, textChars),
                grams.topShares(
                        QualityStats.RepetitionStats.FIRST_TOP, QualityStats.RepetitionStats.LAST_TOP, textChars),
                grams.duplicateShares(
                        QualityStats.RepetitionStats.FIRST_DUPLICATE,
                        QualityStats.RepetitionStats.LAST_DUPLICATE,
                        textChars));
    }

    private void start() {
        lines = 0;
        marked = 0;
        ended = 0;
        duplicates = 0;
        duplicateChars = 0;
        seen.reset(0);
    }

    private void countIfSeen(String text, int from, int to) {
        lines++;
        if (seen.addSeen(Hash61.of(text, from, to))) {
            duplicates++;
            duplicateChars += TextLines.chars(text, from, to);
        }
    }
}
