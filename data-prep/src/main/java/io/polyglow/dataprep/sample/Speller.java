package io.polyglow.dataprep.sample;

import com.ibm.icu.text.DateFormat;
import com.ibm.icu.text.Normalizer2;
import com.ibm.icu.text.RuleBasedNumberFormat;
import com.ibm.icu.util.GregorianCalendar;
import com.ibm.icu.util.TimeZone;
import com.ibm.icu.util.ULocale;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * ICU4J's words for numbers, dates and countries in one language. Soft hyphens, zero-width spaces and direction marks are taken out:
 * they are typesetting, not spelling. Not thread-safe.
 */
public final class Speller {
    private static final Normalizer2 NFC = Normalizer2.getNFCInstance();
    private static final Pattern TYPESETTING = Pattern.compile("[\\u00AD\\u200B\\u200E\\u200F\\u061C]");
    private static final long MILLIS_PER_DAY = 86_400_000L;

    private final String language;
    private final ULocale locale;
    private final RuleBasedNumberFormat numbers;
    private final DateFormat dates;

    private Speller(ULocale locale, RuleBasedNumberFormat numbers) {
        this.language = locale.toLanguageTag();
        this.locale = locale;
        this.numbers = numbers;
        this.dates = DateFormat.getDateInstance(new GregorianCalendar(locale), DateFormat.FULL, locale);
        dates.setTimeZone(TimeZone.GMT_ZONE);
    }

    /** The speller of a language, or empty when ICU has no spell-out rules of its own for it. */
    public static Optional<Speller> forLanguage(String tag) {
        ULocale locale = ULocale.forLanguageTag(tag);
        if (locale.getLanguage().isEmpty()) {
            return Optional.empty();
        }
        RuleBasedNumberFormat rules = new RuleBasedNumberFormat(locale, RuleBasedNumberFormat.SPELLOUT);
        // without rules of its own a locale silently answers with another one's
        String answering = rules.getLocale(ULocale.ACTUAL_LOCALE).getLanguage();
        return answering.equals(locale.getLanguage()) ? Optional.of(new Speller(locale, rules)) : Optional.empty();
    }

    /** The speller of a language, or an error that lists the languages there are. */
    public static Speller require(String tag) {
        return forLanguage(tag)
                .orElseThrow(() -> new PolyglowException(
                        ErrorKind.USAGE,
                        "Sample corpus: there are no spell-out rules for language \"" + tag
                                + "\". Languages with rules: " + String.join(" ", languages()) + "."));
    }

    /** Tags of all languages with rules of their own, sorted; one per language, in its usual script. */
    public static List<String> languages() {
        return Arrays.stream(ULocale.getAvailableLocales())
                .map(ULocale::toLanguageTag)
                .filter(tag -> tag.indexOf('-') < 0 && forLanguage(tag).isPresent())
                .sorted()
                .toList();
    }

    /** BCP 47 tag of the language. */
    public String language() {
        return language;
    }

    /** The number in words; empty where the rules end and digits begin. */
    public Optional<String> number(long n) {
        String words = clean(numbers.format(n));
        return words.codePoints().anyMatch(Character::isDigit) ? Optional.empty() : Optional.of(words);
    }

    /** The date in the longest usual form, Gregorian in every language. */
    public String date(LocalDate date) {
        return clean(dates.format((Object) (date.toEpochDay() * MILLIS_PER_DAY)));
    }

    /** The name of a country; empty when the language has none. */
    public Optional<String> country(String isoCode) {
        String name = clean(ULocale.getDisplayCountry("und-" + isoCode, locale));
        return name.equals(isoCode) ? Optional.empty() : Optional.of(name);
    }

    private static String clean(String words) {
        return NFC.normalize(TYPESETTING.matcher(words).replaceAll(""));
    }
}
