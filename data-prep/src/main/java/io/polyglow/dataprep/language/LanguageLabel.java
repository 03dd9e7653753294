package io.polyglow.dataprep.language;

import com.ibm.icu.util.ULocale;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A language as it is written: {@code iso639-3_Script}, such as {@code deu_Latn} or {@code srp_Cyrl}, the labels of GlotLID and FineWeb-2. Unknown is {@code und_Zyyy}.
 *
 * <p>A macrolanguage is the individual language that those label sets mean by it ({@code zho} is {@code cmn}, {@code swa} is {@code swh}), see
 * {@link Iso639}. Regions and variants are dropped: they would split a language's statistics without changing how it is written.
 *
 * @param language ISO 639-3 code of three lower-case letters; {@code und} when unknown
 * @param script ISO 15924 code in the convention of {@link Scripts}; {@code Zyyy} when unknown
 */
public record LanguageLabel(String language, String script) implements Comparable<LanguageLabel> {
    /** The language code of an unknown language. */
    public static final String UNDETERMINED = "und";

    /** Neither language nor script is known. */
    public static final LanguageLabel UNKNOWN = new LanguageLabel(UNDETERMINED, Scripts.UNKNOWN);

    private static final String FAST_TEXT_PREFIX = "__label__";
    private static final Pattern TAG =
            Pattern.compile("([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_][A-Za-z0-9]{1,8})*");

    /**
     * The label that a BCP 47 tag ({@code zh-Hant}, {@code sr_Latn_RS}), an ISO 639-1, -2 or -3 code ({@code de}, {@code ger}, {@code deu}), an English name
     * ({@code German}) or a fastText label ({@code __label__de}, {@code __label__deu_Latn}) means; its script is the stated one, or {@code Zyyy}. Empty when
     * it is absent, is none of these, or says that there is no one language ({@code und}, {@code zxx}, {@code mul}, {@code mis}).
     */
    public static Optional<LanguageLabel> parse(@Nullable String label) {
        if (label == null) {
            return Optional.empty();
        }
        String text = label.strip();
        if (text.startsWith(FAST_TEXT_PREFIX)) {
            text = text.substring(FAST_TEXT_PREFIX.length());
        }
        Matcher tag = TAG.matcher(text);
        if (!tag.matches()) {
            return Iso639.ofEnglishName(text).map(LanguageLabel::withoutScript);
        }
        String language = tag.group(1);
        String stated = tag.group(2);
        String script = stated == null ? scriptOfDeprecated(language) : titleCase(stated);
        return Iso639.canonical(language).map(code -> new LanguageLabel(code, Scripts.conventional(script)));
    }

    /** The same language in the given script. */
    public LanguageLabel in(String newScript) {
        return new LanguageLabel(language, Scripts.conventional(newScript));
    }

    /** The same language as a text is written in: in the script of its letters; without any, in the label's own or else the language's usual script. */
    public LanguageLabel writtenIn(String textScript) {
        if (!textScript.equals(Scripts.UNKNOWN)) {
            return in(textScript);
        }
        return script.equals(Scripts.UNKNOWN) ? in(usualScript()) : this;
    }

    /** The script that the language is usually written in (CLDR's likely subtags), or {@code Zyyy} where that is unknown. */
    public String usualScript() {
        ULocale likely = ULocale.addLikelySubtags(new ULocale(Iso639.cldr(language)));
        return likely.getScript().isEmpty() ? Scripts.UNKNOWN : Scripts.conventional(likely.getScript());
    }

    /** Whether a language is named. */
    public boolean isKnown() {
        return !language.equals(UNDETERMINED);
    }

    @Override
    public int compareTo(LanguageLabel other) {
        int order = language.compareTo(other.language);
        return order != 0 ? order : script.compareTo(other.script);
    }

    @Override
    public String toString() {
        return language + "_" + script;
    }

    private static LanguageLabel withoutScript(String language) {
        return new LanguageLabel(language, Scripts.UNKNOWN);
    }

    /** {@code sh}, once Serbo-Croatian, is Serbian in Latin letters in CLDR's aliases. */
    private static String scriptOfDeprecated(String code) {
        return code.equalsIgnoreCase("sh") ? "Latn" : Scripts.UNKNOWN;
    }

    private static String titleCase(String script) {
        return script.substring(0, 1).toUpperCase(Locale.ROOT)
                + script.substring(1).toLowerCase(Locale.ROOT);
    }
}
