package io.polyglow.dataprep.filter;

import io.polyglow.dataprep.words.Sentences;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What C4 looks for in each line, after datatrove's {@code c4_filters.py}. Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning", section 2.2.
 *
 * <p>Not for several threads at a time.
 */
final class C4Lines {
    /** Marks of footnotes and of wikis, which C4 takes out. */
    static final Pattern CITATION = Pattern.compile("\\[[0-9]*]|\\[edit]|\\[citation needed]");

    private static final int MAX_WORD_CHARS = 1000;
    private static final int MIN_WORDS = 3;
    private static final String END_MARKS = ".?!\"'";
    private static final List<String> POLICIES =
            List.of("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies");

    private final Sentences sentences = new Sentences();
    private final List<QualityStats.LineSpan> spans = new ArrayList<>();
    private int total;

    QualityStats.C4Stats measure(String text, BadWords badWords) {
        spans.clear();
        total = 0;
        TextLines.split(text, (start, end, next) -> line(text, start, end, next));
        return new QualityStats.C4Stats(total, List.copyOf(spans), badWords.count(text));
    }

    private void line(String text, int lineStart, int lineEnd, int next) {
        int start = TextLines.skipSpace(text, lineStart, lineEnd);
        int end = TextLines.trimSpace(text, start, lineEnd);
        String line = text.substring(start, end);
        int findings = words(line);
        if (line.indexOf('[') >= 0) {
            line = CITATION.matcher(line).replaceAll("");
        }
        findings |= marks(line) | phrases(line);
        int count = sentences.count(line);
        total += count;
        if (findings != 0) {
            add(lineStart, next, findings, count);
        }
    }

    private void add(int start, int end, int findings, int count) {
        int last = spans.size() - 1;
        if (last >= 0 && spans.get(last).end() == start && spans.get(last).findings() == findings) {
            QualityStats.LineSpan before = spans.get(last);
            spans.set(last, new QualityStats.LineSpan(before.start(), end, findings, before.sentences() + count));
        } else {
            spans.add(new QualityStats.LineSpan(start, end, findings, count));
        }
    }

    private static int words(String line) {
        int words = 0;
        int longest = 0;
        for (int at = 0; at < line.length(); ) {
            int start = at;
            while (at < line.length() && !CharacterKinds.is(line.charAt(at), CharacterKinds.SPACE)) {
                at++;
            }
            words++;
            longest = Math.max(longest, at - start > MAX_WORD_CHARS ? TextLines.chars(line, start, at) : 0);
            at = TextLines.skipSpace(line, at, line.length());
        }
        return (longest > MAX_WORD_CHARS ? C4Finding.LONG_WORD.bit() : 0)
                | (words < MIN_WORDS ? C4Finding.FEW_WORDS.bit() : 0);
    }

    private static int marks(String line) {
        boolean ends =
                !line.isEmpty() && END_MARKS.indexOf(line.charAt(line.length() - 1)) >= 0 && !line.endsWith("...");
        return (ends ? 0 : C4Finding.NO_END_MARK.bit()) | (line.indexOf('{') >= 0 ? C4Finding.CURLY_BRACKET.bit() : 0);
    }

    private static int phrases(String line) {
        String lower = line.toLowerCase(Locale.ROOT);
        boolean policy = lower.contains("cookie") || lower.contains("terms of use") || lower.contains("privacy policy");
        return (lower.contains("javascript") ? C4Finding.JAVASCRIPT.bit() : 0)
                | (lower.contains("lorem ipsum") ? C4Finding.LOREM_IPSUM.bit() : 0)
                | (policy && POLICIES.stream().anyMatch(lower::contains) ? C4Finding.POLICY.bit() : 0);
    }
}
