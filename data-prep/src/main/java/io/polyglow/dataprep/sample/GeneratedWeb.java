package io.polyglow.dataprep.sample;

import com.ibm.icu.util.ULocale;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.rng.RandomStream;
import io.polyglow.dataprep.filter.ThresholdCatalog;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A corpus like the web's, of any size, to measure with: fifteen languages in ten scripts, whose words are ICU's names of countries, languages and numbers among the language's stop words, so that
 * identifiers know them and filters let them pass. Of a hundred documents four are copies of another one, four copies with some sentences changed, three too short or
 * repetitive for any filter, and two hold an e-mail address, an IP address and a telephone number. Every document is a function of (seed, index). For one thread.
 */
public final class GeneratedWeb {
    private static final List<String> LABELS = List.of(
            "eng_Latn",
            "deu_Latn",
            "fra_Latn",
            "spa_Latn",
            "ita_Latn",
            "rus_Cyrl",
            "tur_Latn",
            "vie_Latn",
            "arb_Arab",
            "hin_Deva",
            "jpn_Jpan",
            "cmn_Hani",
            "tha_Thai",
            "kor_Hang",
            "swh_Latn");
    private static final List<String> TAGS =
            List.of("en", "de", "fr", "es", "it", "ru", "tr", "vi", "ar", "hi", "ja", "zh", "th", "ko", "sw");
    private static final Set<String> UNSPACED = Set.of("ja", "zh", "th");
    private static final int GROUP = 100;
    private static final int COPIES = 4;
    private static final int CHANGED = 8;
    private static final int JUNK = 11;
    private static final int PERSONAL = 13;
    private static final int ORIGINAL = 50;

    private final long seed;
    private final List<Vocabulary> languages = new ArrayList<>();

    private record Vocabulary(List<String> stopWords, List<String> names, boolean spaced, String end) {}

    /** Documents of a seed. */
    public GeneratedWeb(long seed) {
        this.seed = seed;
        ThresholdCatalog catalog = ThresholdCatalog.builtIn();
        for (int i = 0; i < TAGS.size(); i++) {
            List<String> stopWords = catalog.of(LABELS.get(i)).stopWords();
            boolean spaced = !UNSPACED.contains(TAGS.get(i));
            languages.add(new Vocabulary(
                    stopWords == null ? List.of("a") : stopWords, names(TAGS.get(i)), spaced, spaced ? "." : "。"));
        }
    }

    private static List<String> names(String tag) {
        ULocale locale = ULocale.forLanguageTag(tag);
        Set<String> names = new LinkedHashSet<>();
        for (String country : Locale.getISOCountries()) {
            names.add(ULocale.getDisplayCountry("und-" + country, locale));
        }
        for (String language : Locale.getISOLanguages()) {
            names.add(ULocale.getDisplayLanguage(language, locale));
        }
        Speller.forLanguage(tag).ifPresent(speller -> {
            for (int n = 0; n < 1000; n++) {
                Optional<String> number = speller.number(n);
                number.ifPresent(names::add);
            }
        });
        return List.copyOf(names);
    }

    /** A document as a line of JSON without line feed: {@code id}, {@code url}, {@code text}. */
    public String line(long index) {
        return Json.line(new JsonObject()
                .put("id", "web-" + index)
                .put("url", "https://example.org/" + index)
                .put("text", text(index)));
    }

    /** The text of a document. */
    public String text(long index) {
        int place = (int) (index % GROUP);
        RandomStream own = RandomStream.of(seed, "web", index);
        if (place < CHANGED) {
            long original = index - place + ORIGINAL + place;
            return text(RandomStream.of(seed, "web", original), place < COPIES ? null : own);
        }
        if (place < JUNK) {
            return "menu home login\n".repeat(1 + own.nextInt(20));
        }
        String text = text(own, null);
        return place < PERSONAL ? text + "\n" + personal(own) : text;
    }

    /** Two to sixteen paragraphs; {@code changes}, if any, decides which sentences are another's. */
    private String text(RandomStream random, @Nullable RandomStream changes) {
        Vocabulary vocabulary = languages.get(random.nextInt(languages.size()));
        StringBuilder text = new StringBuilder();
        int paragraphs = 2 + random.nextInt(15);
        for (int paragraph = 0; paragraph < paragraphs; paragraph++) {
            text.append(paragraph == 0 ? "" : "\n");
            int sentences = 2 + random.nextInt(5);
            for (int sentence = 0; sentence < sentences; sentence++) {
                int from = text.length();
                sentence(vocabulary, random, text);
                if (changes != null && changes.nextInt(40) == 0) {
                    text.setLength(from);
                    sentence(vocabulary, changes, text);
                }
                text.append(vocabulary.spaced() && sentence < sentences - 1 ? " " : "");
            }
        }
        return text.toString();
    }

    private static void sentence(Vocabulary vocabulary, RandomStream random, StringBuilder text) {
        int words = 8 + random.nextInt(14);
        for (int word = 0; word < words; word++) {
            boolean stopWord = word % 2 == 1 && random.nextInt(3) > 0;
            List<String> from = stopWord ? vocabulary.stopWords() : vocabulary.names();
            text.append(word > 0 && vocabulary.spaced() ? " " : "").append(from.get(random.nextInt(from.size())));
        }
        text.append(vocabulary.end());
    }

    private static String personal(RandomStream random) {
        int[] digits = new int[7];
        Arrays.setAll(digits, i -> random.nextInt(10));
        return "Contact: someone" + random.nextInt(1000) + "@mail.example.org, 8.8." + random.nextInt(256) + "."
                + random.nextInt(256) + ", +49 30 " + Arrays.toString(digits).replaceAll("\\D", "") + ".";
    }
}
