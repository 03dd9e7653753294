package io.polyglow.dataprep.filter;

import io.polyglow.dataprep.doc.Edit;
import io.polyglow.dataprep.doc.Rejections;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;

/** Decides from the numbers of a document and the thresholds of its language; all functions are pure. */
public final class Filter {
    private static final String LANGUAGE_SCORE = "language-score";
    private static final String LOREM_IPSUM = "c4.lorem-ipsum";
    private static final String CURLY_BRACKET = "c4.curly-bracket";
    private static final String SENTENCES = "c4.sentences";
    private static final int ASKED_FIRST =
            C4Finding.LONG_WORD.bit() | C4Finding.NO_END_MARK.bit() | C4Finding.FEW_WORDS.bit();

    private static final Set<String> KINDS = kinds();

    private Filter() {}

    private static Set<String> kinds() {
        Set<String> kinds = new HashSet<>(Set.of(LANGUAGE_SCORE, LOREM_IPSUM, CURLY_BRACKET, SENTENCES));
        Rule.ALL.forEach(rule -> kinds.add(rule.name()));
        return Set.copyOf(kinds);
    }

    /** Whether a reason to leave a document out is one of a filter, whatever its thresholds. */
    public static boolean isReason(String reason) {
        return KINDS.contains(Rejections.kind(reason));
    }

    /**
     * Every reason to leave a document out, such as {@code gopher-quality.mean-word-length 2.1 < 3}; none when it stays.
     *
     * @param thresholds of its language, every value set
     */
    public static List<String> reasons(QualityStats stats, double languageScore, Thresholds thresholds) {
        List<String> reasons = new ArrayList<>();
        Double least = thresholds.languageScore();
        if (least != null && languageScore < least) {
            reasons.add(Rule.reason(LANGUAGE_SCORE, languageScore, least, true));
        }
        for (Rule rule : Rule.ALL) {
            String reason = rule.reason(stats, thresholds);
            if (reason != null) {
                reasons.add(reason);
            }
        }
        c4(stats.c4(), thresholds.c4(), reasons);
        return reasons;
    }

    /**
     * What C4 takes out of a document that stays: lines, with what ends them, and marks of citations. None unless the rules are on.
     *
     * @param text the text that {@code stats} was measured from
     */
    public static List<Edit> edits(String text, QualityStats stats, Thresholds thresholds) {
        if (!Boolean.TRUE.equals(thresholds.c4().on())) {
            return List.of();
        }
        List<Edit> edits = new ArrayList<>(lines(stats, thresholds));
        Matcher citations = C4Lines.CITATION.matcher(text);
        while (citations.find()) {
            edits.add(Edit.removal(citations.start(), citations.end()));
        }
        return edits;
    }

    /** Of the {@link #edits} those of lines, which can be told without the text. */
    public static List<Edit> lines(QualityStats stats, Thresholds thresholds) {
        if (!Boolean.TRUE.equals(thresholds.c4().on())) {
            return List.of();
        }
        int dropping = dropping(thresholds.c4());
        return stats.c4().spans().stream()
                .filter(span -> (span.findings() & dropping) != 0)
                .map(span -> Edit.removal(span.start(), span.end()))
                .toList();
    }

    private static void c4(QualityStats.C4Stats stats, Thresholds.C4 thresholds, List<String> reasons) {
        if (!Boolean.TRUE.equals(thresholds.on())) {
            return;
        }
        int dropping = dropping(thresholds);
        // as in the reference: a line is asked for lorem ipsum, JavaScript, brackets, policies in this order, and not
        // at all once it is dropped
        int beforeBracket = dropping & (ASKED_FIRST | C4Finding.JAVASCRIPT.bit());
        if (anyLine(stats, C4Finding.LOREM_IPSUM, dropping & ASKED_FIRST)) {
            reasons.add(LOREM_IPSUM);
        }
        if (anyLine(stats, C4Finding.CURLY_BRACKET, beforeBracket)) {
            reasons.add(CURLY_BRACKET);
        }
        int left = stats.sentences();
        for (QualityStats.LineSpan span : stats.spans()) {
            left -= (span.findings() & dropping) != 0 ? span.sentences() : 0;
        }
        Double least = thresholds.minSentences();
        if (least != null && left < least) {
            reasons.add(Rule.reason(SENTENCES, left, least, true));
        }
    }

    private static boolean anyLine(QualityStats.C4Stats stats, C4Finding finding, int unless) {
        return stats.spans().stream().anyMatch(span -> finding.in(span.findings()) && (span.findings() & unless) == 0);
    }

    /** The findings for which a line goes. */
    private static int dropping(Thresholds.C4 thresholds) {
        return C4Finding.LONG_WORD.bit()
                | C4Finding.JAVASCRIPT.bit()
                | C4Finding.POLICY.bit()
                | (Boolean.TRUE.equals(thresholds.endMarks()) ? C4Finding.NO_END_MARK.bit() : 0)
                | (Boolean.TRUE.equals(thresholds.fewWords()) ? C4Finding.FEW_WORDS.bit() : 0);
    }
}
