package io.polyglow.dataprep.sample;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.List;

/**
 * What the sample corpus holds.
 *
 * @param languages BCP 47 tags, or the one word {@code all} for every language that ICU has spell-out rules for
 * @param numbers numbers are drawn from [0, numbers)
 * @param linesPerLanguage numbers to train on per language; 0 for all that are not held out
 * @param heldOut fraction of the numbers from 100 on that no language trains on; smaller numbers are always trained on, since they
 *     are the words that the others are made of
 * @param testsPerLanguage largest number of held-out numbers written to {@code heldout.jsonl} per language
 * @param dates date lines per number line
 * @param names country names per number line
 * @param seed decides which numbers are held out and which lines are drawn
 */
public record SampleConfig(
        List<String> languages,
        long numbers,
        long linesPerLanguage,
        double heldOut,
        int testsPerLanguage,
        double dates,
        double names,
        long seed) {
    /** The word that stands for every language with rules. */
    public static final String ALL = "all";

    /** Ten languages in seven scripts whose numbers up to a thousand a million-parameter model learns in minutes. */
    public static final SampleConfig DEFAULT = new SampleConfig(
            List.of("de", "el", "en", "es", "hi", "ko", "ru", "th", "tr", "zh"), 1000, 0, 0.1, 50, 0.02, 0.02, 1);

    static final long ALWAYS_TRAINED = 100;

    /** Refuses values out of range. */
    public SampleConfig {
        languages = List.copyOf(languages);
        check(!languages.isEmpty(), "languages", "is empty; name at least one, or " + ALL);
        check(numbers >= 1 && numbers <= 1_000_000_000_000L, "numbers", numbers + " is not in [1, 10^12]");
        check(linesPerLanguage >= 0, "lines-per-language", linesPerLanguage + " is negative");
        check(heldOut >= 0 && heldOut < 1, "held-out", heldOut + " is not in [0, 1)");
        check(testsPerLanguage >= 0, "tests-per-language", testsPerLanguage + " is negative");
        check(dates >= 0 && dates <= 10, "dates", dates + " is not in [0, 10]");
        check(names >= 0 && names <= 10, "names", names + " is not in [0, 10]");
    }

    private static void check(boolean holds, String key, String problem) {
        if (!holds) {
            throw new PolyglowException(ErrorKind.USAGE, "Sample corpus: " + key + " " + problem + ".");
        }
    }
}
