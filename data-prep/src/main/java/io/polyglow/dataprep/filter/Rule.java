package io.polyglow.dataprep.filter;

import io.polyglow.dataprep.filter.QualityStats.RepetitionStats;
import io.polyglow.dataprep.filter.Thresholds.Characters;
import io.polyglow.dataprep.filter.Thresholds.Fineweb;
import io.polyglow.dataprep.filter.Thresholds.GopherQuality;
import io.polyglow.dataprep.filter.Thresholds.GopherRepetition;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * One number with one bound.
 *
 * @param name group and number, as reasons call them
 * @param minimum whether the bound is the smallest value allowed, or else the largest
 * @param value the number of a document
 * @param bound of a language; null when the rule is off
 */
record Rule(
        String name,
        boolean minimum,
        ToDoubleFunction<QualityStats> value,
        Function<Thresholds, @Nullable Double> bound) {

    /** All rules on numbers, in the order of their groups. */
    static final List<Rule> ALL = all();

    /** Why the document breaks the rule, such as {@code gopher-quality.mean-word-length 2.1 < 3}; null when it does not. */
    @Nullable
    String reason(QualityStats stats, Thresholds thresholds) {
        Double limit = bound.apply(thresholds);
        double number = value.applyAsDouble(stats);
        return limit == null || !breaks(number, limit, minimum) ? null : reason(name, number, limit, minimum);
    }

    static boolean breaks(double number, double limit, boolean minimum) {
        return minimum ? number < limit : number > limit;
    }

    static String reason(String name, double number, double limit, boolean minimum) {
        return name + " " + number(number) + (minimum ? " < " : " > ") + number(limit);
    }

    /** At most four digits after the point, and none that say nothing. */
    static String number(double value) {
        String text = String.format(Locale.ROOT, "%.4f", value);
        return text.replaceFirst("\\.?0+$", "");
    }

    private static List<Rule> all() {
        List<Rule> rules = new ArrayList<>();
        gopherQuality(rules);
        gopherRepetition(rules);
        fineweb(rules);
        rules.add(new Rule("c4.bad-words", false, s -> s.c4().badWords(), t -> t.c4().maxBadWords()));
        rules.add(new Rule(
                "mc4.long-lines",
                true,
                s -> s.lines().longLines(),
                t -> when(t.mc4().on(), t.mc4().minLongLines())));
        characters(rules);
        return List.copyOf(rules);
    }

    private static void gopherQuality(List<Rule> rules) {
        quality(rules, "words", true, s -> s.words().plain(), GopherQuality::minWords);
        quality(rules, "words", false, s -> s.words().plain(), GopherQuality::maxWords);
        quality(rules, "mean-word-length", true, s -> s.words().meanLength(), GopherQuality::minMeanWordLength);
        quality(rules, "mean-word-length", false, s -> s.words().meanLength(), GopherQuality::maxMeanWordLength);
        quality(rules, "hashes", false, s -> s.words().hashes(), GopherQuality::maxHashes);
        quality(rules, "ellipses", false, s -> s.words().ellipses(), GopherQuality::maxEllipses);
        quality(rules, "bullet-lines", false, s -> s.lines().bullets(), GopherQuality::maxBulletLines);
        quality(rules, "ellipsis-lines", false, s -> s.lines().ellipses(), GopherQuality::maxEllipsisLines);
        quality(rules, "alphabetic-words", true, s -> s.words().alphabetic(), GopherQuality::minAlphabeticWords);
        rules.add(new Rule(
                "gopher-quality.stop-words",
                true,
                s -> s.words().stopWords() < 0
                        ? Double.POSITIVE_INFINITY
                        : s.words().stopWords(),
                t -> when(t.gopherQuality().on(), t.gopherQuality().minStopWords())));
    }

    private static void gopherRepetition(List<Rule> rules) {
        repetition(rules, "duplicate-lines", RepetitionStats::duplicateLines, GopherRepetition::maxDuplicateLines);
        repetition(
                rules,
                "duplicate-line-chars",
                RepetitionStats::duplicateLineChars,
                GopherRepetition::maxDuplicateLineChars);
        repetition(
                rules,
                "duplicate-paragraphs",
                RepetitionStats::duplicateParagraphs,
                GopherRepetition::maxDuplicateParagraphs);
        repetition(
                rules,
                "duplicate-paragraph-chars",
                RepetitionStats::duplicateParagraphChars,
                GopherRepetition::maxDuplicateParagraphChars);
        for (int n = RepetitionStats.FIRST_TOP; n <= RepetitionStats.LAST_TOP; n++) {
            int i = n - RepetitionStats.FIRST_TOP;
            repetition(rules, "top-" + n + "-gram", s -> s.topNGrams().get(i), t -> item(t.maxTopNGrams(), i));
        }
        for (int n = RepetitionStats.FIRST_DUPLICATE; n <= RepetitionStats.LAST_DUPLICATE; n++) {
            int i = n - RepetitionStats.FIRST_DUPLICATE;
            repetition(
                    rules,
                    "duplicate-" + n + "-grams",
                    s -> s.duplicateNGrams().get(i),
                    t -> item(t.maxDuplicateNGrams(), i));
        }
    }

    private static void fineweb(List<Rule> rules) {
        fineweb(rules, "punctuated-lines", true, s -> s.punctuated(), Fineweb::minPunctuatedLines);
        fineweb(rules, "short-lines", false, s -> s.shortLines(), Fineweb::maxShortLines);
        fineweb(rules, "duplicate-line-chars", false, s -> s.duplicateChars(), Fineweb::maxDuplicateLineChars);
        fineweb(rules, "line-feeds", false, s -> s.lineFeeds(), Fineweb::maxLineFeeds);
    }

    private static void characters(List<Rule> rules) {
        characters(rules, "digits", s -> s.digits(), Characters::maxDigits);
        characters(rules, "upper-case", s -> s.upperCase(), Characters::maxUpperCase);
        characters(rules, "urls", s -> s.urls(), Characters::maxUrls);
    }

    private static void quality(
            List<Rule> rules,
            String name,
            boolean minimum,
            ToDoubleFunction<QualityStats> value,
            Function<GopherQuality, @Nullable Double> bound) {
        rules.add(new Rule(
                "gopher-quality." + name,
                minimum,
                value,
                t -> when(t.gopherQuality().on(), bound.apply(t.gopherQuality()))));
    }

    private static void repetition(
            List<Rule> rules,
            String name,
            ToDoubleFunction<RepetitionStats> value,
            Function<GopherRepetition, @Nullable Double> bound) {
        rules.add(new Rule(
                "gopher-repetition." + name,
                false,
                s -> value.applyAsDouble(s.repetition()),
                t -> when(t.gopherRepetition().on(), bound.apply(t.gopherRepetition()))));
    }

    private static void fineweb(
            List<Rule> rules,
            String name,
            boolean minimum,
            ToDoubleFunction<QualityStats.FineWebStats> value,
            Function<Fineweb, @Nullable Double> bound) {
        rules.add(new Rule(
                "fineweb." + name,
                minimum,
                s -> value.applyAsDouble(s.fineweb()),
                t -> when(t.fineweb().on(), bound.apply(t.fineweb()))));
    }

    private static void characters(
            List<Rule> rules,
            String name,
            ToDoubleFunction<QualityStats.CharacterStats> value,
            Function<Characters, @Nullable Double> bound) {
        rules.add(new Rule(
                "characters." + name,
                false,
                s -> value.applyAsDouble(s.characters()),
                t -> when(t.characters().on(), bound.apply(t.characters()))));
    }

    private static @Nullable Double when(@Nullable Boolean on, @Nullable Double bound) {
        return Boolean.TRUE.equals(on) ? bound : null;
    }

    private static @Nullable Double item(@Nullable List<Double> bounds, int index) {
        return bounds == null || index >= bounds.size() ? null : bounds.get(index);
    }
}
