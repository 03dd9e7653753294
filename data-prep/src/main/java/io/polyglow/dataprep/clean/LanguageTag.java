package io.polyglow.dataprep.clean;

import com.ibm.icu.util.ULocale;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Language labels as people write them, brought to one BCP 47 tag of language and, where the label names one, script: {@code deu},
 * {@code de_AT}, {@code German} are {@code de}; {@code cmn-Hant} is {@code zh-Hant}. Regions and variants are dropped: they would
 * split a language's statistics without changing how it is written.
 */
public final class LanguageTag {
    /** The tag of an unknown language. */
    public static final String UNKNOWN = "und";

    private static final Set<String> NOT_A_LANGUAGE = Set.of("", UNKNOWN, "zxx", "mul", "mis");
    private static final Pattern CODE = Pattern.compile("[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*");
    private static final Map<String, String> CODE_BY_ENGLISH_NAME = codesByEnglishName();

    private LanguageTag() {}

    /** The normalised tag, or empty when the label is absent, unknown or says that there is no one language. */
    public static Optional<String> normalize(@Nullable String label) {
        if (label == null) {
            return Optional.empty();
        }
        String trimmed = label.strip();
        if (CODE.matcher(trimmed).matches()) {
            return ofCode(trimmed.replace('_', '-'));
        }
        return Optional.ofNullable(CODE_BY_ENGLISH_NAME.get(trimmed.toLowerCase(Locale.ROOT)));
    }

    private static Optional<String> ofCode(String code) {
        ULocale locale = ULocale.createCanonical(ULocale.forLanguageTag(code));
        if (NOT_A_LANGUAGE.contains(locale.getLanguage())) {
            return Optional.empty();
        }
        return Optional.of(
                locale.getScript().isEmpty() ? locale.getLanguage() : locale.getLanguage() + "-" + locale.getScript());
    }

    private static Map<String, String> codesByEnglishName() {
        Map<String, String> codes = new HashMap<>();
        for (String code : ULocale.getISOLanguages()) {
            ofCode(code)
                    .ifPresent(tag -> codes.putIfAbsent(
                            ULocale.getDisplayLanguage(code, ULocale.ENGLISH).toLowerCase(Locale.ROOT), tag));
        }
        return Map.copyOf(codes);
    }
}
